//! `FeeService`.

use crate::staff::world::{World, dynamic};
use kortisto::{common::v1::Money, staff::v1 as wire};
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let patron = t.patron().await;
    let fee = t.fee(patron.id, 500).await;
    let patron_number = patron.number;
    let amount = Some(Money { minor_units: 200, currency_code: "EUR".to_owned() });
    let grounds = "Hardship.".to_owned();
    Some(match method {
        "ListPatronFees" => {
            let request = wire::ListPatronFeesRequest { patron_number, ..Default::default() };
            dynamic("ListPatronFeesRequest", &request)
        }
        "ChargeFee" => {
            let request = wire::ChargeFeeRequest {
                patron_number,
                kind: wire::FeeKind::Other.into(),
                amount,
                note: "Ten prints".to_owned(),
                ..Default::default()
            };
            dynamic("ChargeFeeRequest", &request)
        }
        "WaiveFee" => {
            let fee_id = fee.to_string();
            dynamic("WaiveFeeRequest", &wire::WaiveFeeRequest { fee_id, grounds, ..Default::default() })
        }
        "RecordDeskPayment" => {
            let request = wire::RecordDeskPaymentRequest {
                patron_number,
                means: wire::PaymentMeans::Cash.into(),
                amount,
                ..Default::default()
            };
            dynamic("RecordDeskPaymentRequest", &request)
        }
        "RefundPayment" => {
            let payment_id = t.pay(fee, 300).await.to_string();
            let request = wire::RefundPaymentRequest { payment_id, grounds, ..Default::default() };
            dynamic("RefundPaymentRequest", &request)
        }
        "ListPayments" => {
            t.pay(fee, 300).await;
            let request = wire::ListPaymentsRequest { patron_number, ..Default::default() };
            dynamic("ListPaymentsRequest", &request)
        }
        _ => return None,
    })
}
