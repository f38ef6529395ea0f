//! Items and messages, as peers have them.

use super::{Scene, reasons};
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::AuthenticatePatronRequest,
    staff::v1::{
        AddMessageRequest, GetItemRequest, ItemRecord, ItemReport, ItemState, MessageAudience, MessageKind,
        Purpose, RemoveMessageRequest, SetItemStateRequest, item_service_client::ItemServiceClient,
        message_service_client::MessageServiceClient,
    },
};
use kortisto_domain::StaffRole;
use kortisto_testkit::{
    on_both_engines,
    register::{Staff, TestItem, new_id},
};

async fn item(staff: &Staff, item: &TestItem) -> (ItemRecord, String) {
    let request =
        GetItemRequest { item_barcode: item.barcode.clone(), purpose: Purpose::CustomerService.into() };
    let shown = ItemServiceClient::new(staff.channel()).get_item(request).await.unwrap().into_inner();
    (shown.record.unwrap(), shown.patron_number)
}

impl Scene {
    /// What a screen shows the patron who signs in.
    async fn greeting(&self) -> Vec<String> {
        let request = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: self.patron.card.clone(),
            pin: self.patron.pin.to_owned(),
            ..Default::default()
        };
        self.kiosk.patrons().authenticate_patron(request).await.unwrap().into_inner().messages
    }
}

on_both_engines! {
    async fn item_information_and_status_update(engine: Engine) {
        let s = Scene::start(engine).await;
        let staff = s.t.staff(&[StaffRole::Desk]).await;
        let lent = s.lent().await;
        let (record, patron_number) = item(&staff, &lent).await;
        assert_eq!(patron_number, s.patron.number);
        assert_eq!(record.due_on, s.loans(10, "").await.loans[0].loan.as_ref().unwrap().due_date);
        s.kiosk.take_back(&lent.barcode).await.unwrap();
        assert_eq!(item(&staff, &lent).await.1, "");

        let report = async |report: ItemReport| {
            let request = SetItemStateRequest {
                request_id: new_id(),
                item_barcode: lent.barcode.clone(),
                report: report.into(),
            };
            ItemServiceClient::new(staff.channel()).set_item_state(request).await.unwrap();
        };
        report(ItemReport::InRepair).await;
        assert_eq!(item(&staff, &lent).await.0.state(), ItemState::InRepair);
        let refused = s.kiosk.checkout(&s.token, &lent.barcode).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::ItemNotForLoan], "it counts at once");
        report(ItemReport::Available).await;
        assert_eq!(s.kiosk.checkout(&s.token, &lent.barcode).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn messages_to_the_patron(engine: Engine) {
        let s = Scene::start(engine).await;
        let staff = s.t.staff(&[StaffRole::Desk]).await;
        let mut desk = MessageServiceClient::new(staff.channel());
        let mut add = async |audience: MessageAudience, kind: MessageKind, body: &str| {
            let request = AddMessageRequest {
                request_id: new_id(),
                number: s.patron.number.clone(),
                audience: audience.into(),
                kind: kind.into(),
                body: body.to_owned(),
                expires_at: None,
            };
            desk.add_message(request).await.unwrap().into_inner().message_id
        };
        let words = "Your umbrella is at the desk.";
        let told = add(MessageAudience::Patron, MessageKind::Message, words).await;
        add(MessageAudience::Staff, MessageKind::Remark, "Prefers large print.").await;
        assert_eq!(s.greeting().await, [words], "a remark is for staff alone");
        let request =
            RemoveMessageRequest { request_id: new_id(), number: s.patron.number.clone(), message_id: told };
        MessageServiceClient::new(staff.channel()).remove_message(request).await.unwrap();
        assert!(s.greeting().await.is_empty());
    }
}
