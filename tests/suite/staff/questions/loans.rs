//! `LoanService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    BillLoanRequest, ExplainLoanRequest, ListPatronLoansRequest, LoanReport, OpenPatronSessionRequest,
    ReportLoanRequest,
};
use kortisto_domain::DeviceKind;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let patron = world.t.patron().await;
    let loan = async || {
        let (kiosk, item) = (world.t.device(DeviceKind::SelfCheckout).await, world.t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        kiosk.checkout(&token, &item.barcode).await.unwrap();
        item.barcode
    };
    Some(match method {
        "OpenPatronSession" => dynamic(
            "OpenPatronSessionRequest",
            &OpenPatronSessionRequest { card_number: patron.card.clone(), ..Default::default() },
        ),
        "ReportLoan" => dynamic(
            "ReportLoanRequest",
            &ReportLoanRequest {
                item_barcode: loan().await,
                report: LoanReport::ClaimedReturned.into(),
                ..Default::default()
            },
        ),
        "BillLoan" => {
            dynamic("BillLoanRequest", &BillLoanRequest { item_barcode: loan().await, ..Default::default() })
        }
        "ListPatronLoans" => {
            loan().await;
            let request = ListPatronLoansRequest { patron_number: patron.number, ..Default::default() };
            dynamic("ListPatronLoansRequest", &request)
        }
        "ExplainLoan" => dynamic(
            "ExplainLoanRequest",
            &ExplainLoanRequest { item_barcode: loan().await, ..Default::default() },
        ),
        _ => return None,
    })
}
