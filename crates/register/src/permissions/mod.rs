//! What each kind of device may ask and see: the one table, default deny.
//!
//! A call, a request field or a reply field that is not named here does not exist for anybody. A test
//! walks every rpc of the contract x every kind x every field against it.

mod table;

use kortisto_domain::DeviceKind;
use table::{Row, TABLE};

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
        let called: Vec<_> = callable(DeviceKind::Door).collect();
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
