//! The table itself: what each kind of device may ask and see.

use super::Rpc;
use kortisto_domain::DeviceKind::{
    self, Desk, Door, ELending, Locker, OnlineLibrary, PcBooking, SelfCheckout,
};

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
pub(super) struct Row {
    pub(super) rpc: Rpc,
    pub(super) name: &'static str,
    pub(super) callers: &'static [DeviceKind],
    pub(super) asks: &'static [(&'static str, &'static [DeviceKind])],
    pub(super) shows: &'static [(&'static str, &'static [DeviceKind])],
}

pub(super) const TABLE: &[Row] = &[
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
