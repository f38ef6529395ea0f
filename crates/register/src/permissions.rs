//! What each kind of device may ask and see: the one table, default deny.
//!
//! A call, a request field or a reply field that is not named here does not exist for anybody. A test
//! walks every rpc of the contract x every kind x every field against it.

use kortisto_domain::DeviceKind::{
    self, Desk, Door, ELending, Locker, OnlineLibrary, PcBooking, SelfCheckout,
};

/// The rpcs that a device may call with its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rpc {
    /// `PatronService.AuthenticatePatron`.
    AuthenticatePatron,
    /// `PatronService.EndPatronSession`.
    EndPatronSession,
    /// `PatronService.WatchPatronSession`.
    WatchPatronSession,
    /// `PatronService.ChangePin`.
    ChangePin,
    /// `PatronService.SetWebPassword`.
    SetWebPassword,
    /// `PatronService.ListWards`.
    ListWards,
    /// `PatronService.OpenWardSession`.
    OpenWardSession,
    /// `LoanService.Checkout`.
    Checkout,
    /// `LoanService.Return`.
    Return,
    /// `LoanService.CancelCheckout`.
    CancelCheckout,
    /// `LoanService.Renew`.
    Renew,
    /// `LoanService.RenewAll`.
    RenewAll,
    /// `LoanService.ListLoans`.
    ListLoans,
    /// `LoanService.ListLoanHistory`.
    ListLoanHistory,
    /// `LoanService.SetLoanHistory`.
    SetLoanHistory,
    /// `HoldService.ListHolds`.
    ListHolds,
    /// `HoldService.PickUpHold`.
    PickUpHold,
    /// `HoldService.PlaceHold`.
    PlaceHold,
    /// `HoldService.ChangeHold`.
    ChangeHold,
    /// `HoldService.CancelHold`.
    CancelHold,
    /// `HoldService.ReservePickup`.
    ReservePickup,
    /// `HoldService.ConfirmPickup`.
    ConfirmPickup,
    /// `HoldService.RevertPickup`.
    RevertPickup,
    /// `HoldService.StockCompartment`.
    StockCompartment,
    /// `HoldService.WatchHoldShelf`.
    WatchHoldShelf,
    /// `FeeService.ListFees`.
    ListFees,
    /// `FeeService.RecordPayment`.
    RecordPayment,
    /// `AccessService.CheckAccess`.
    CheckAccess,
    /// `DeviceService.GetDevice`.
    GetDevice,
    /// `DeviceService.RenewCertificate`.
    RenewCertificate,
}

const EVERYBODY: &[DeviceKind] = DeviceKind::ALL;
const WITH_PATRONS: &[DeviceKind] = &[SelfCheckout, PcBooking, Locker, ELending, OnlineLibrary];
const WITH_HOLDS: &[DeviceKind] = &[SelfCheckout, Locker, OnlineLibrary];
const LENDING: &[DeviceKind] = &[SelfCheckout, Desk];
const LOCKERS: &[DeviceKind] = &[Locker];
const PICKING_UP: &[DeviceKind] = &[SelfCheckout, Locker, Desk];
const ENTERING: &[DeviceKind] = &[Door, PcBooking];
const ACCOUNTS: &[DeviceKind] = &[SelfCheckout, OnlineLibrary];
/// Where a patron's own account is looked after: a desk does it for the patron who stands there.
const LOOKING_AFTER: &[DeviceKind] = &[SelfCheckout, OnlineLibrary, Desk];
const ENDING: &[DeviceKind] = &[SelfCheckout, PcBooking, Locker, ELending, OnlineLibrary, Desk];
const LISTING_HOLDS: &[DeviceKind] = &[SelfCheckout, Locker, OnlineLibrary, Desk];
const ONLINE: &[DeviceKind] = &[OnlineLibrary];
const AGES: &[DeviceKind] = &[PcBooking, Locker, ELending];
const PSEUDONYMS: &[DeviceKind] = &[ELending];

/// One rpc: its name in the contract, who may call it, what else than the plain fields a request may
/// carry, and who sees which field of the reply.
struct Row {
    rpc: Rpc,
    name: &'static str,
    callers: &'static [DeviceKind],
    asks: &'static [(&'static str, &'static [DeviceKind])],
    shows: &'static [(&'static str, &'static [DeviceKind])],
}

const TABLE: &[Row] = &[
    Row {
        rpc: Rpc::AuthenticatePatron,
        name: "PatronService.AuthenticatePatron",
        callers: WITH_PATRONS,
        asks: &[
            ("attempt_id", WITH_PATRONS),
            ("card_number", WITH_PATRONS),
            ("pin", WITH_PATRONS),
            ("age_limits", AGES),
            ("password", ONLINE),
        ],
        shows: &[
            ("verdict", WITH_PATRONS),
            ("refusals", WITH_PATRONS),
            ("refusals.remedy", ACCOUNTS),
            ("patron_token", WITH_PATRONS),
            ("token_expires_at", WITH_PATRONS),
            ("language", WITH_PATRONS),
            ("display_name", ACCOUNTS),
            ("age_assertions", AGES),
            ("pairwise_id", PSEUDONYMS),
            ("balance", ACCOUNTS),
            ("loan_count", ACCOUNTS),
            ("ready_hold_count", WITH_HOLDS),
            ("messages", ACCOUNTS),
        ],
    },
    Row {
        rpc: Rpc::EndPatronSession,
        name: "PatronService.EndPatronSession",
        callers: ENDING,
        asks: &[("request_id", ENDING), ("patron_token", ENDING)],
        shows: &[],
    },
    Row {
        rpc: Rpc::WatchPatronSession,
        name: "PatronService.WatchPatronSession",
        callers: WITH_PATRONS,
        asks: &[("patron_token", WITH_PATRONS)],
        shows: &[
            ("verdict", WITH_PATRONS),
            ("refusals", WITH_PATRONS),
            ("refusals.remedy", ACCOUNTS),
            ("state", WITH_PATRONS),
            ("seen_at", WITH_PATRONS),
        ],
    },
    Row {
        rpc: Rpc::ChangePin,
        name: "PatronService.ChangePin",
        callers: ACCOUNTS,
        asks: &[
            ("request_id", ACCOUNTS),
            ("card_number", ACCOUNTS),
            ("pin", ACCOUNTS),
            ("new_pin", ACCOUNTS),
        ],
        shows: &[("verdict", ACCOUNTS), ("refusals", ACCOUNTS), ("refusals.remedy", ACCOUNTS)],
    },
    Row {
        rpc: Rpc::SetWebPassword,
        name: "PatronService.SetWebPassword",
        callers: ONLINE,
        asks: &[("request_id", ONLINE), ("card_number", ONLINE), ("pin", ONLINE), ("new_password", ONLINE)],
        shows: &[("verdict", ONLINE), ("refusals", ONLINE), ("refusals.remedy", ONLINE)],
    },
    Row {
        rpc: Rpc::ListWards,
        name: "PatronService.ListWards",
        callers: ONLINE,
        asks: &[("patron_token", ONLINE), ("page_size", ONLINE), ("page_token", ONLINE)],
        shows: &[
            ("verdict", ONLINE),
            ("refusals", ONLINE),
            ("refusals.remedy", ONLINE),
            ("wards", ONLINE),
            ("wards.ward_name", ONLINE),
            ("next_page_token", ONLINE),
        ],
    },
    Row {
        rpc: Rpc::OpenWardSession,
        name: "PatronService.OpenWardSession",
        callers: ONLINE,
        asks: &[("request_id", ONLINE), ("patron_token", ONLINE), ("relation_id", ONLINE)],
        shows: &[
            ("verdict", ONLINE),
            ("refusals", ONLINE),
            ("refusals.remedy", ONLINE),
            ("patron_token", ONLINE),
            ("token_expires_at", ONLINE),
        ],
    },
    Row {
        rpc: Rpc::Checkout,
        name: "LoanService.Checkout",
        callers: LENDING,
        asks: &[("request_id", LENDING), ("patron_token", LENDING), ("item_barcode", LENDING)],
        shows: &[
            ("verdict", LENDING),
            ("refusals", LENDING),
            ("refusals.remedy", LENDING),
            ("loan", LENDING),
        ],
    },
    Row {
        rpc: Rpc::Return,
        name: "LoanService.Return",
        callers: LENDING,
        asks: &[("request_id", LENDING), ("item_barcode", LENDING)],
        shows: &[
            ("verdict", LENDING),
            ("refusals", LENDING),
            ("refusals.remedy", LENDING),
            ("closed_loan_id", LENDING),
            ("item_label", LENDING),
            ("routing", LENDING),
            ("destination_branch", LENDING),
            ("pickup_number", LENDING),
        ],
    },
    Row {
        rpc: Rpc::CancelCheckout,
        name: "LoanService.CancelCheckout",
        callers: PICKING_UP,
        asks: &[("request_id", PICKING_UP), ("loan_id", PICKING_UP), ("item_barcode", PICKING_UP)],
        shows: &[
            ("verdict", PICKING_UP),
            ("refusals", PICKING_UP),
            ("refusals.remedy", LENDING),
            ("loan_goes_on", PICKING_UP),
        ],
    },
    Row {
        rpc: Rpc::Renew,
        name: "LoanService.Renew",
        callers: LOOKING_AFTER,
        asks: &[
            ("request_id", LOOKING_AFTER),
            ("patron_token", LOOKING_AFTER),
            ("item_barcode", LOOKING_AFTER),
        ],
        shows: &[
            ("verdict", LOOKING_AFTER),
            ("refusals", LOOKING_AFTER),
            ("refusals.remedy", LOOKING_AFTER),
            ("loan", LOOKING_AFTER),
            ("charged", LOOKING_AFTER),
        ],
    },
    Row {
        rpc: Rpc::RenewAll,
        name: "LoanService.RenewAll",
        callers: LOOKING_AFTER,
        asks: &[("request_id", LOOKING_AFTER), ("patron_token", LOOKING_AFTER)],
        shows: &[
            ("verdict", LOOKING_AFTER),
            ("refusals", LOOKING_AFTER),
            ("refusals.remedy", LOOKING_AFTER),
            ("results", LOOKING_AFTER),
        ],
    },
    Row {
        rpc: Rpc::ListLoans,
        name: "LoanService.ListLoans",
        callers: LOOKING_AFTER,
        asks: &[("patron_token", LOOKING_AFTER), ("page_size", LOOKING_AFTER), ("page_token", LOOKING_AFTER)],
        shows: &[
            ("verdict", LOOKING_AFTER),
            ("refusals", LOOKING_AFTER),
            ("refusals.remedy", LOOKING_AFTER),
            ("loans", LOOKING_AFTER),
            ("next_page_token", LOOKING_AFTER),
        ],
    },
    Row {
        rpc: Rpc::ListLoanHistory,
        name: "LoanService.ListLoanHistory",
        callers: ONLINE,
        asks: &[("patron_token", ONLINE), ("page_size", ONLINE), ("page_token", ONLINE)],
        shows: &[
            ("verdict", ONLINE),
            ("refusals", ONLINE),
            ("refusals.remedy", ONLINE),
            ("loans", ONLINE),
            ("next_page_token", ONLINE),
            ("kept", ONLINE),
        ],
    },
    Row {
        rpc: Rpc::SetLoanHistory,
        name: "LoanService.SetLoanHistory",
        callers: ONLINE,
        asks: &[("request_id", ONLINE), ("patron_token", ONLINE), ("kept", ONLINE), ("text_version", ONLINE)],
        shows: &[("verdict", ONLINE), ("refusals", ONLINE), ("refusals.remedy", ONLINE)],
    },
    Row {
        rpc: Rpc::ListHolds,
        name: "HoldService.ListHolds",
        callers: LISTING_HOLDS,
        asks: &[("patron_token", LISTING_HOLDS), ("page_size", LISTING_HOLDS), ("page_token", LISTING_HOLDS)],
        shows: &[
            ("verdict", LISTING_HOLDS),
            ("refusals", LISTING_HOLDS),
            ("refusals.remedy", LOOKING_AFTER),
            ("ready", LISTING_HOLDS),
            ("pending", LOOKING_AFTER),
            ("next_page_token", LISTING_HOLDS),
        ],
    },
    Row {
        rpc: Rpc::PickUpHold,
        name: "HoldService.PickUpHold",
        callers: PICKING_UP,
        asks: &[("request_id", PICKING_UP), ("patron_token", PICKING_UP), ("hold_id", PICKING_UP)],
        shows: &[
            ("verdict", PICKING_UP),
            ("refusals", PICKING_UP),
            ("refusals.remedy", LENDING),
            ("loan", PICKING_UP),
        ],
    },
    Row {
        rpc: Rpc::PlaceHold,
        name: "HoldService.PlaceHold",
        callers: ACCOUNTS,
        asks: &[
            ("request_id", ACCOUNTS),
            ("patron_token", ACCOUNTS),
            ("title_number", ACCOUNTS),
            ("item_barcode", ACCOUNTS),
            ("level", ACCOUNTS),
            ("home_branch", ACCOUNTS),
            ("pickup_branch", ACCOUNTS),
            ("pickup_stop", ACCOUNTS),
            ("pickup_locker", ACCOUNTS),
            ("valid_until", ACCOUNTS),
            ("frozen_until", ACCOUNTS),
        ],
        shows: &[
            ("verdict", ACCOUNTS),
            ("refusals", ACCOUNTS),
            ("refusals.remedy", ACCOUNTS),
            ("hold", ACCOUNTS),
        ],
    },
    Row {
        rpc: Rpc::ChangeHold,
        name: "HoldService.ChangeHold",
        callers: ACCOUNTS,
        asks: &[
            ("request_id", ACCOUNTS),
            ("patron_token", ACCOUNTS),
            ("hold_id", ACCOUNTS),
            ("pickup_branch", ACCOUNTS),
            ("pickup_stop", ACCOUNTS),
            ("pickup_locker", ACCOUNTS),
            ("valid_until", ACCOUNTS),
            ("frozen_until", ACCOUNTS),
            ("unfreeze", ACCOUNTS),
        ],
        shows: &[
            ("verdict", ACCOUNTS),
            ("refusals", ACCOUNTS),
            ("refusals.remedy", ACCOUNTS),
            ("hold", ACCOUNTS),
        ],
    },
    Row {
        rpc: Rpc::CancelHold,
        name: "HoldService.CancelHold",
        callers: ACCOUNTS,
        asks: &[("request_id", ACCOUNTS), ("patron_token", ACCOUNTS), ("hold_id", ACCOUNTS)],
        shows: &[("verdict", ACCOUNTS), ("refusals", ACCOUNTS), ("refusals.remedy", ACCOUNTS)],
    },
    Row {
        rpc: Rpc::ReservePickup,
        name: "HoldService.ReservePickup",
        callers: LOCKERS,
        asks: &[("request_id", LOCKERS), ("patron_token", LOCKERS), ("hold_id", LOCKERS)],
        shows: &[
            ("verdict", LOCKERS),
            ("refusals", LOCKERS),
            ("compartment", LOCKERS),
            ("reservation_ends_at", LOCKERS),
        ],
    },
    Row {
        rpc: Rpc::ConfirmPickup,
        name: "HoldService.ConfirmPickup",
        callers: LOCKERS,
        asks: &[("request_id", LOCKERS), ("patron_token", LOCKERS), ("hold_id", LOCKERS)],
        shows: &[("verdict", LOCKERS), ("refusals", LOCKERS), ("loan", LOCKERS)],
    },
    Row {
        rpc: Rpc::RevertPickup,
        name: "HoldService.RevertPickup",
        callers: LOCKERS,
        asks: &[("request_id", LOCKERS), ("patron_token", LOCKERS), ("hold_id", LOCKERS)],
        shows: &[("verdict", LOCKERS), ("refusals", LOCKERS)],
    },
    Row {
        rpc: Rpc::StockCompartment,
        name: "HoldService.StockCompartment",
        callers: LOCKERS,
        asks: &[("request_id", LOCKERS), ("hold_id", LOCKERS), ("compartment", LOCKERS)],
        shows: &[
            ("verdict", LOCKERS),
            ("refusals", LOCKERS),
            ("pickup_number", LOCKERS),
            ("pickup_until", LOCKERS),
        ],
    },
    Row {
        rpc: Rpc::WatchHoldShelf,
        name: "HoldService.WatchHoldShelf",
        callers: PICKING_UP,
        asks: &[],
        shows: &[("whole", PICKING_UP), ("holds", PICKING_UP)],
    },
    Row {
        rpc: Rpc::ListFees,
        name: "FeeService.ListFees",
        callers: ACCOUNTS,
        asks: &[("patron_token", ACCOUNTS), ("page_size", ACCOUNTS), ("page_token", ACCOUNTS)],
        shows: &[
            ("verdict", ACCOUNTS),
            ("refusals", ACCOUNTS),
            ("refusals.remedy", ACCOUNTS),
            ("fees", ACCOUNTS),
            ("fees.ward_name", ACCOUNTS),
            ("balance", ACCOUNTS),
            ("payable", ACCOUNTS),
            ("next_page_token", ACCOUNTS),
        ],
    },
    Row {
        rpc: Rpc::RecordPayment,
        name: "FeeService.RecordPayment",
        callers: ACCOUNTS,
        asks: &[
            ("request_id", ACCOUNTS),
            ("patron_token", ACCOUNTS),
            ("operator", ACCOUNTS),
            ("order_id", ACCOUNTS),
            ("fee_ids", ACCOUNTS),
            ("amount", ACCOUNTS),
        ],
        shows: &[
            ("verdict", ACCOUNTS),
            ("refusals", ACCOUNTS),
            ("refusals.remedy", ACCOUNTS),
            ("payment_id", ACCOUNTS),
            ("paid", ACCOUNTS),
            ("balance", ACCOUNTS),
        ],
    },
    Row {
        rpc: Rpc::CheckAccess,
        name: "AccessService.CheckAccess",
        callers: ENTERING,
        asks: &[("card_number", ENTERING), ("pin", ENTERING), ("resource", ENTERING), ("nonce", ENTERING)],
        shows: &[
            ("verdict", ENTERING),
            ("refusals", ENTERING),
            ("screen_text", ENTERING),
            ("decision_id", ENTERING),
            ("nonce", ENTERING),
            ("issued_at", ENTERING),
            ("valid_for", ENTERING),
        ],
    },
    Row {
        rpc: Rpc::GetDevice,
        name: "DeviceService.GetDevice",
        callers: EVERYBODY,
        asks: &[],
        shows: &[
            ("device_name", EVERYBODY),
            ("kind", EVERYBODY),
            ("branch", EVERYBODY),
            ("branch_name", EVERYBODY),
            ("allowed_rpcs", EVERYBODY),
            ("resources", ENTERING),
            ("pin_length_min", EVERYBODY),
            ("pin_length_max", EVERYBODY),
            ("languages", EVERYBODY),
            ("server_time", EVERYBODY),
            ("certificate_expires_at", EVERYBODY),
        ],
    },
    Row {
        rpc: Rpc::RenewCertificate,
        name: "DeviceService.RenewCertificate",
        callers: EVERYBODY,
        asks: &[("request_id", EVERYBODY), ("certificate_request_pem", EVERYBODY)],
        shows: &[("certificate_pem", EVERYBODY), ("authority_pem", EVERYBODY), ("expires_at", EVERYBODY)],
    },
];

fn row(rpc: Rpc) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.rpc == rpc)
}

fn names(fields: &[(&str, &[DeviceKind])], kind: DeviceKind, field: &str) -> bool {
    fields.iter().any(|(name, kinds)| *name == field && kinds.contains(&kind))
}

impl Rpc {
    /// Its name in the contract, for example `LoanService.Checkout`.
    #[must_use]
    pub fn name(self) -> &'static str {
        row(self).map_or("", |row| row.name)
    }

    /// The rpc with this name, or none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.rpc)
    }
}

/// Whether devices of this kind may call the rpc at all.
#[must_use]
pub fn may_call(kind: DeviceKind, rpc: Rpc) -> bool {
    row(rpc).is_some_and(|row| row.callers.contains(&kind))
}

/// Whether devices of this kind may set this field of the request.
#[must_use]
pub fn may_ask(kind: DeviceKind, rpc: Rpc, field: &str) -> bool {
    row(rpc).is_some_and(|row| row.callers.contains(&kind) && names(row.asks, kind, field))
}

/// Whether devices of this kind may see this field of the reply; `refusals.remedy` names a field of
/// a message within it.
#[must_use]
pub fn may_show(kind: DeviceKind, rpc: Rpc, field: &str) -> bool {
    row(rpc).is_some_and(|row| row.callers.contains(&kind) && names(row.shows, kind, field))
}

/// The rpcs that devices of this kind may call, in the order of the table.
pub fn callable(kind: DeviceKind) -> impl Iterator<Item = Rpc> {
    TABLE.iter().filter(move |row| row.callers.contains(&kind)).map(|row| row.rpc)
}

/// Every rpc of the table.
pub fn rpcs() -> impl Iterator<Item = Rpc> {
    TABLE.iter().map(|row| row.rpc)
}

/// The fields that the table knows of an rpc: those of the request, then those of the reply.
#[must_use]
pub fn known_fields(rpc: Rpc) -> (Vec<&'static str>, Vec<&'static str>) {
    let fields = |list: &[(&'static str, &[DeviceKind])]| list.iter().map(|(name, _)| *name).collect();
    row(rpc).map_or_else(Default::default, |row| (fields(row.asks), fields(row.shows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_refused() {
        for kind in DeviceKind::ALL {
            for rpc in rpcs() {
                assert!(!may_ask(*kind, rpc, "birth_date"));
                assert!(!may_show(*kind, rpc, "birth_date"));
            }
        }
    }

    #[test]
    fn a_door_calls_nothing_but_doors_and_itself() {
        let called: Vec<_> = callable(Door).collect();
        assert_eq!(called, [Rpc::CheckAccess, Rpc::GetDevice, Rpc::RenewCertificate]);
    }

    #[test]
    fn nobody_sees_a_field_of_an_rpc_that_he_may_not_call() {
        for kind in DeviceKind::ALL {
            for rpc in rpcs().filter(|rpc| !may_call(*kind, *rpc)) {
                let (asks, shows) = known_fields(rpc);
                assert!(asks.iter().all(|field| !may_ask(*kind, rpc, field)));
                assert!(shows.iter().all(|field| !may_show(*kind, rpc, field)));
            }
        }
    }

    #[test]
    fn no_rpc_stands_twice() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
