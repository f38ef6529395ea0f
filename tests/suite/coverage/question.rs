//! A good question for every rpc, with everything in the register that it needs to be granted.

use super::rpc::{Method, dynamic};
use kortisto::common::v1::Money;
use kortisto::device::v1::{
    AuthenticatePatronRequest, CancelCheckoutRequest, CancelHoldRequest, ChangeHoldRequest, ChangePinRequest,
    CheckAccessRequest, CheckoutRequest, ConfirmPickupRequest, EndPatronSessionRequest, GetDeviceRequest,
    ListFeesRequest, ListHoldsRequest, ListLoanHistoryRequest, ListLoansRequest, ListWardsRequest,
    OpenWardSessionRequest, PickUpHoldRequest, PlaceHoldRequest, RecordPaymentRequest, RenewAllRequest,
    RenewCertificateRequest, RenewRequest, ReservePickupRequest, ReturnRequest, RevertPickupRequest,
    SetLoanHistoryRequest, SetWebPasswordRequest, StockCompartmentRequest, WatchHoldShelfRequest,
    WatchPatronSessionRequest,
};
use kortisto_domain::{ConsentPurpose, DeviceKind, RelationKind};
use kortisto_register::{Rpc, permissions};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister,
    register::{BRANCH_MAIN, Device, PatronSeed, TestHold, TestPatron, certificate_request, new_id},
};
use prost_reflect::{DynamicMessage, Value};
use uuid::Uuid;

/// A register and the kiosk that prepares things in it.
pub(super) struct World {
    pub(super) t: TestRegister,
    pub(super) kiosk: Device,
}

/// A good question and what it is about.
pub(super) struct Question {
    pub(super) request: DynamicMessage,
    /// The pseudonym of the patron that it concerns.
    pub(super) subject: Option<Uuid>,
    /// The pseudonym of the ward that it concerns too, with an audit row of its own.
    pub(super) ward: Option<Uuid>,
    /// What the audit trail calls it.
    pub(super) action: &'static str,
}

impl Question {
    /// The field that makes it repeatable, and its value.
    pub(super) fn id(&self) -> Option<(&'static str, Uuid)> {
        ["request_id", "attempt_id", "nonce"].into_iter().find_map(|field| {
            let value = self.request.get_field_by_name(field)?;
            Some((field, value.as_str()?.parse().unwrap()))
        })
    }

    pub(super) fn set(&mut self, field: &str, value: &str) {
        self.request.set_field_by_name(field, Value::String(value.to_owned()));
    }
}

impl World {
    pub(super) async fn start(engine: Engine) -> Self {
        Self::around(TestRegister::start_with(engine, TestOptions::default()).await).await
    }

    pub(super) async fn around(t: TestRegister) -> Self {
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        Self { t, kiosk }
    }

    /// A token for the patron at this device; of a device that opens no sessions, one that none has.
    pub(super) async fn token(&self, device: &Device, kind: DeviceKind, patron: &TestPatron) -> String {
        if kind == DeviceKind::Desk {
            self.t.session_at(device, patron).await
        } else if permissions::may_call(kind, Rpc::AuthenticatePatron) {
            device.sign_in(&patron.card, patron.pin).await
        } else {
            self.t.worthless_token()
        }
    }

    /// A patron who may do everything everywhere.
    pub(super) async fn patron(&self) -> TestPatron {
        self.t.patron_with(PatronSeed { debt_cents: 120, ..PatronSeed::default() }).await
    }

    /// A hold that is ready for the patron at the main branch.
    pub(super) async fn ready_hold(&self, patron: &TestPatron) -> TestHold {
        let item = self.t.item().await;
        let hold = self.t.hold(patron, item.title, BRANCH_MAIN).await;
        self.kiosk.take_back(&item.barcode).await.unwrap();
        hold
    }

    /// A loan that this device has just made, and the barcode of its item; of a device that makes none, one that is none.
    async fn fresh_loan(&self, device: &Device, kind: DeviceKind, patron: &TestPatron) -> (String, String) {
        if !permissions::may_call(kind, Rpc::PickUpHold) {
            return (new_id(), "none".to_owned());
        }
        let hold = self.ready_hold(patron).await;
        let token = self.token(device, kind, patron).await;
        let loan = device.pick_up(&token, hold.id).await.unwrap().loan.unwrap();
        (loan.loan_id, loan.item_barcode)
    }

    /// The barcode of a loan that is due soon.
    pub(super) async fn loan_to_renew(&self, patron: &TestPatron) -> String {
        let item = self.t.item().await;
        let token = self.kiosk.sign_in(&patron.card, patron.pin).await;
        self.kiosk.checkout(&token, &item.barcode).await.unwrap();
        self.t.make_due(&item, self.t.surroundings.moment().today() + chrono::TimeDelta::days(1)).await;
        item.barcode
    }

    /// A loan that the patron has returned, after consenting to a history.
    pub(super) async fn history(&self, patron: &TestPatron) {
        self.t.consent(patron, ConsentPurpose::LoanHistory).await;
        let item = self.t.item().await;
        let token = self.kiosk.sign_in(&patron.card, patron.pin).await;
        self.kiosk.checkout(&token, &item.barcode).await.unwrap();
        self.kiosk.take_back(&item.barcode).await.unwrap();
    }

    /// A child in the patron's care, and the key of the relation.
    pub(super) async fn ward(&self, patron: &TestPatron) -> (TestPatron, i64) {
        let born = self.t.surroundings.moment().today().checked_sub_months(chrono::Months::new(9 * 12));
        let ward = self.t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let relation = self.t.relate(&ward, patron, RelationKind::Guardian).await;
        (ward, relation)
    }

    /// A hold of the patron that waits.
    pub(super) async fn pending_hold(&self, patron: &TestPatron) -> String {
        let item = self.t.item().await;
        self.t.hold(patron, item.title, BRANCH_MAIN).await.id.to_string()
    }

    /// A hold that is ready for the patron in a compartment at the main branch.
    pub(super) async fn stocked_hold(&self, patron: &TestPatron) -> String {
        let hold = self.ready_hold(patron).await;
        self.t.put_into_compartment(hold, "7").await;
        hold.id.to_string()
    }

    /// The same, reserved by this device if it can reserve at all, and the token under which it is.
    pub(super) async fn reserved_hold(
        &self,
        device: &Device,
        kind: DeviceKind,
        patron: &TestPatron,
    ) -> (String, String) {
        let hold = self.stocked_hold(patron).await;
        let token = self.token(device, kind, patron).await;
        if permissions::may_call(kind, Rpc::ReservePickup) {
            device.reserve(&token, hold.parse().unwrap()).await.unwrap();
        }
        (hold, token)
    }

    /// A question that a device of this kind gets an answer to, if its kind may ask it at all.
    pub(super) async fn question(&self, method: &Method, device: &Device, kind: DeviceKind) -> Question {
        let patron = self.patron().await;
        self.question_about(method, device, kind, &patron).await
    }

    /// The same, about this patron.
    pub(super) async fn question_about(
        &self,
        method: &Method,
        device: &Device,
        kind: DeviceKind,
        patron: &TestPatron,
    ) -> Question {
        let about =
            |action, request| Question { request, subject: Some(patron.pseudonym), ward: None, action };
        let message = |message: &dyn Encoded| message.in_terms_of(method);
        match method.name.as_str() {
            "PatronService.AuthenticatePatron" => about(
                "authenticate_patron",
                message(&AuthenticatePatronRequest {
                    attempt_id: new_id(),
                    card_number: patron.card.clone(),
                    pin: patron.pin.to_owned(),
                    ..Default::default()
                }),
            ),
            "PatronService.ChangePin" => about(
                "change_pin",
                message(&ChangePinRequest {
                    request_id: new_id(),
                    card_number: patron.card.clone(),
                    pin: patron.pin.to_owned(),
                    new_pin: "739518".to_owned(),
                }),
            ),
            "PatronService.SetWebPassword" => about(
                "set_web_password",
                message(&SetWebPasswordRequest {
                    request_id: new_id(),
                    card_number: patron.card.clone(),
                    pin: patron.pin.to_owned(),
                    new_password: "hauki on kala".to_owned(),
                }),
            ),
            "PatronService.EndPatronSession" => about(
                "end_patron_session",
                message(&EndPatronSessionRequest {
                    request_id: new_id(),
                    patron_token: self.token(device, kind, patron).await,
                }),
            ),
            "PatronService.WatchPatronSession" => about(
                "watch_patron_session",
                message(&WatchPatronSessionRequest { patron_token: self.token(device, kind, patron).await }),
            ),
            "LoanService.Checkout" => about(
                "checkout",
                message(&CheckoutRequest {
                    request_id: new_id(),
                    patron_token: self.token(device, kind, patron).await,
                    item_barcode: self.t.item().await.barcode,
                }),
            ),
            "LoanService.Return" => {
                let item = self.t.item().await;
                let token = self.kiosk.sign_in(&patron.card, patron.pin).await;
                self.kiosk.checkout(&token, &item.barcode).await.unwrap();
                let request = ReturnRequest { request_id: new_id(), item_barcode: item.barcode };
                // Whoever brings an item back is nobody's business, also not the audit trail's.
                Question { subject: None, ..about("return", message(&request)) }
            }
            "LoanService.CancelCheckout" => {
                let (loan_id, item_barcode) = self.fresh_loan(device, kind, patron).await;
                let request = CancelCheckoutRequest { request_id: new_id(), loan_id, item_barcode };
                about("cancel_checkout", message(&request))
            }
            "LoanService.Renew" => about(
                "renew",
                message(&RenewRequest {
                    request_id: new_id(),
                    item_barcode: self.loan_to_renew(patron).await,
                    patron_token: self.token(device, kind, patron).await,
                }),
            ),
            "LoanService.RenewAll" => {
                let patron_token = self.token(device, kind, patron).await;
                about("renew_all", message(&RenewAllRequest { request_id: new_id(), patron_token }))
            }
            "LoanService.ListLoans" => {
                self.loan_to_renew(patron).await;
                let patron_token = self.token(device, kind, patron).await;
                about("list_loans", message(&ListLoansRequest { patron_token, ..Default::default() }))
            }
            "LoanService.ListLoanHistory" => {
                self.history(patron).await;
                let patron_token = self.token(device, kind, patron).await;
                about(
                    "list_loan_history",
                    message(&ListLoanHistoryRequest { patron_token, ..Default::default() }),
                )
            }
            "LoanService.SetLoanHistory" => about(
                "set_loan_history",
                message(&SetLoanHistoryRequest {
                    request_id: new_id(),
                    patron_token: self.token(device, kind, patron).await,
                    kept: true,
                    text_version: "2026-01".to_owned(),
                }),
            ),
            "PatronService.ListWards" => {
                self.ward(patron).await;
                let patron_token = self.token(device, kind, patron).await;
                about("list_wards", message(&ListWardsRequest { patron_token, ..Default::default() }))
            }
            "PatronService.OpenWardSession" => {
                let (ward, relation_id) = self.ward(patron).await;
                let request = OpenWardSessionRequest {
                    request_id: new_id(),
                    patron_token: self.token(device, kind, patron).await,
                    relation_id,
                };
                Question { ward: Some(ward.pseudonym), ..about("open_ward_session", message(&request)) }
            }
            "HoldService.ListHolds" => {
                self.ready_hold(patron).await;
                let patron_token = self.token(device, kind, patron).await;
                about("list_holds", message(&ListHoldsRequest { patron_token, ..Default::default() }))
            }
            "HoldService.PickUpHold" => about(
                "pick_up_hold",
                message(&PickUpHoldRequest {
                    request_id: new_id(),
                    hold_id: self.ready_hold(patron).await.id.to_string(),
                    patron_token: self.token(device, kind, patron).await,
                }),
            ),
            "FeeService.ListFees" => {
                let patron_token = self.token(device, kind, patron).await;
                about("list_fees", message(&ListFeesRequest { patron_token, ..Default::default() }))
            }
            "FeeService.RecordPayment" => about(
                "record_payment",
                message(&RecordPaymentRequest {
                    request_id: new_id(),
                    fee_ids: vec![self.t.fee(patron.id, 250).await.to_string()],
                    patron_token: self.token(device, kind, patron).await,
                    operator: format!("terminal {}", new_id()),
                    order_id: new_id(),
                    amount: Some(Money { minor_units: 250, currency_code: "EUR".to_owned() }),
                }),
            ),
            "HoldService.PlaceHold" => about(
                "place_hold",
                message(&PlaceHoldRequest {
                    request_id: new_id(),
                    title_number: self.t.title_number(&self.t.item().await).await,
                    pickup_branch: "main".to_owned(),
                    patron_token: self.token(device, kind, patron).await,
                    ..Default::default()
                }),
            ),
            "HoldService.ChangeHold" => about(
                "change_hold",
                message(&ChangeHoldRequest {
                    request_id: new_id(),
                    hold_id: self.pending_hold(patron).await,
                    pickup_branch: "east".to_owned(),
                    patron_token: self.token(device, kind, patron).await,
                    ..Default::default()
                }),
            ),
            "HoldService.CancelHold" => about(
                "cancel_hold",
                message(&CancelHoldRequest {
                    request_id: new_id(),
                    hold_id: self.ready_hold(patron).await.id.to_string(),
                    patron_token: self.token(device, kind, patron).await,
                }),
            ),
            "HoldService.ReservePickup" => about(
                "reserve_pickup",
                message(&ReservePickupRequest {
                    request_id: new_id(),
                    hold_id: self.stocked_hold(patron).await,
                    patron_token: self.token(device, kind, patron).await,
                }),
            ),
            "HoldService.ConfirmPickup" => {
                let (hold_id, patron_token) = self.reserved_hold(device, kind, patron).await;
                let request = ConfirmPickupRequest { request_id: new_id(), hold_id, patron_token };
                about("confirm_pickup", message(&request))
            }
            "HoldService.RevertPickup" => {
                let (hold_id, patron_token) = self.reserved_hold(device, kind, patron).await;
                let request = RevertPickupRequest { request_id: new_id(), hold_id, patron_token };
                about("revert_pickup", message(&request))
            }
            "HoldService.StockCompartment" => {
                let request = StockCompartmentRequest {
                    request_id: new_id(),
                    hold_id: self.ready_hold(patron).await.id.to_string(),
                    compartment: "7".to_owned(),
                };
                // Whoever puts an item in is not signed in.
                Question { subject: None, ..about("stock_compartment", message(&request)) }
            }
            "HoldService.WatchHoldShelf" => {
                self.ready_hold(patron).await;
                let request = message(&WatchHoldShelfRequest {});
                Question { subject: None, ..about("watch_hold_shelf", request) }
            }
            "AccessService.CheckAccess" => {
                let door = kind != DeviceKind::PcBooking;
                about(
                    "check_access",
                    message(&CheckAccessRequest {
                        card_number: patron.card.clone(),
                        pin: (!door).then(|| patron.pin.to_owned()),
                        resource: if door { "door" } else { "pc" }.to_owned(),
                        nonce: new_id(),
                    }),
                )
            }
            "DeviceService.GetDevice" => {
                Question { subject: None, ..about("get_device", message(&GetDeviceRequest {})) }
            }
            "DeviceService.RenewCertificate" => {
                let (certificate_request_pem, _) = certificate_request();
                let request = RenewCertificateRequest { request_id: new_id(), certificate_request_pem };
                Question { subject: None, ..about("renew_certificate", message(&request)) }
            }
            name => panic!("{name} has no good question here"),
        }
    }
}

/// A generated message of any type.
trait Encoded {
    fn in_terms_of(&self, method: &Method) -> DynamicMessage;
}

impl<M: prost::Message> Encoded for M {
    fn in_terms_of(&self, method: &Method) -> DynamicMessage {
        dynamic(&method.input, self)
    }
}
