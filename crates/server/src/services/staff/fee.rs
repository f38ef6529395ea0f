//! `FeeService`.

use super::fields;
use crate::{
    services::{
        Api,
        fee::fee_ids,
        money::{PAYMENT_CENTS_MAX, cents, optional_cents},
        page_token, reply,
    },
    status::Fault,
};
use kortisto::staff::v1::{self as wire, fee_service_server::FeeService};
use kortisto_register::{
    PaidShare,
    staff::fees::{
        ChargeFee, FeeRecord, ListPatronFees, ListPayments, PaymentMeans, PaymentRecord, RecordDeskPayment,
        RefundPayment, WaiveFee,
    },
};
use kortisto_store::entities::fee_entries;
use tonic::{Request, Response, Status, async_trait};

/// Cents of one fee at most.
const FEE_CENTS_MAX: i64 = 1_000_000;

/// Longest note and longest grounds, in characters.
const WORDS_CHARS_MAX: usize = 500;

#[async_trait]
impl FeeService for Api {
    async fn list_patron_fees(
        &self,
        request: Request<wire::ListPatronFeesRequest>,
    ) -> Result<Response<wire::ListPatronFeesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListPatronFees {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            include_settled: message.include_settled,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListPatronFeesResponse {
            fees: page.fees.rows.into_iter().map(fee).collect(),
            next_page_token: page_token::of(page.fees.next),
            balance: Some(reply::amount(page.balance_cents)),
        }))
    }

    async fn charge_fee(
        &self,
        request: Request<wire::ChargeFeeRequest>,
    ) -> Result<Response<wire::ChargeFeeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ChargeFee {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            kind: fields::coded("kind", message.kind)?,
            cents: cents("amount", message.amount.as_ref(), FEE_CENTS_MAX)?,
            note: fields::text("note", &message.note, WORDS_CHARS_MAX)?,
            item_barcode: fields::optional_code("item_barcode", &message.item_barcode)?,
        };
        let fee_id = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::ChargeFeeResponse { fee_id }))
    }

    async fn waive_fee(
        &self,
        request: Request<wire::WaiveFeeRequest>,
    ) -> Result<Response<wire::WaiveFeeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = WaiveFee {
            request_id: fields::id("request_id", &message.request_id)?,
            fee_id: fields::id("fee_id", &message.fee_id)?,
            cents: optional_cents("amount", message.amount.as_ref(), FEE_CENTS_MAX)?,
            grounds: fields::prose("grounds", &message.grounds, WORDS_CHARS_MAX)?,
        };
        let open = desk.change(ask).await?;
        Ok(Response::new(wire::WaiveFeeResponse { open: Some(reply::amount(open)) }))
    }

    async fn record_desk_payment(
        &self,
        request: Request<wire::RecordDeskPaymentRequest>,
    ) -> Result<Response<wire::RecordDeskPaymentResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RecordDeskPayment {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            means: means(message.means(), &message.operator, &message.order_id)?,
            chosen: fee_ids(&message.fee_ids)?,
            cents: cents("amount", message.amount.as_ref(), PAYMENT_CENTS_MAX)?,
        };
        let payment = desk.change(ask).await?;
        Ok(Response::new(wire::RecordDeskPaymentResponse {
            payment_id: payment.id.to_string(),
            paid: payment.shares.iter().map(share).collect(),
            balance: Some(reply::amount(payment.balance_cents)),
        }))
    }

    async fn refund_payment(
        &self,
        request: Request<wire::RefundPaymentRequest>,
    ) -> Result<Response<wire::RefundPaymentResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RefundPayment {
            request_id: fields::id("request_id", &message.request_id)?,
            payment_id: fields::id("payment_id", &message.payment_id)?,
            order_id: fields::optional_code("refund_order_id", &message.refund_order_id)?,
            cents: optional_cents("amount", message.amount.as_ref(), PAYMENT_CENTS_MAX)?,
            grounds: fields::prose("grounds", &message.grounds, WORDS_CHARS_MAX)?,
            also_waive: message.also_waive,
        };
        let refunded = desk.change(ask).await?;
        Ok(Response::new(wire::RefundPaymentResponse {
            refunded: refunded.shares.iter().map(share).collect(),
            left: Some(reply::amount(refunded.left_cents)),
        }))
    }

    async fn list_payments(
        &self,
        request: Request<wire::ListPaymentsRequest>,
    ) -> Result<Response<wire::ListPaymentsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListPayments {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListPaymentsResponse {
            payments: page.rows.into_iter().map(payment).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }
}

/// How the desk took the money. Cash has no operator and no order id.
fn means(means: wire::PaymentMeans, operator: &str, order_id: &str) -> Result<PaymentMeans, Fault> {
    match means {
        wire::PaymentMeans::Cash if operator.is_empty() && order_id.is_empty() => Ok(PaymentMeans::Cash),
        wire::PaymentMeans::Cash => {
            let field = if operator.is_empty() { "order_id" } else { "operator" };
            Err(Fault::field(field, "empty for cash"))
        }
        wire::PaymentMeans::Terminal => Ok(PaymentMeans::Terminal {
            operator: fields::code("operator", operator)?,
            order_id: fields::code("order_id", order_id)?,
        }),
        wire::PaymentMeans::Unspecified => Err(Fault::field("means", "CASH or TERMINAL")),
    }
}

fn share(share: &PaidShare) -> wire::FeeShare {
    wire::FeeShare { fee_id: share.fee.to_string(), amount: Some(reply::amount(share.cents)) }
}

fn fee(record: FeeRecord) -> wire::PatronFee {
    let fee = record.fee;
    wire::PatronFee {
        fee_id: fee.id.to_string(),
        kind: record.kind.code().into(),
        amount: Some(reply::amount(fee.amount_cents)),
        open: Some(reply::amount(fee.open_cents)),
        created_at: Some(reply::timestamp(fee.created_at)),
        municipality: fee.municipality,
        item_label: record.label.unwrap_or_default(),
        loan_id: fee.loan_id.map(|id| id.to_string()).unwrap_or_default(),
        hold_id: fee.hold_id.map(|id| id.to_string()).unwrap_or_default(),
        rule: fee.rule.unwrap_or_default(),
        law: fee.law.into(),
        billed_at: fee.billed_at.map(reply::timestamp),
        note: fee.note.unwrap_or_default(),
        entries: record.entries.into_iter().map(entry).collect(),
    }
}

fn entry(row: fee_entries::Model) -> wire::FeeEntry {
    wire::FeeEntry {
        kind: row.kind.into(),
        amount: Some(reply::amount(row.cents)),
        written_at: Some(reply::timestamp(row.at)),
        recorded_by: row.recorded_by,
        payment_id: row.payment_id.map(|id| id.to_string()).unwrap_or_default(),
        grounds: row.grounds.unwrap_or_default(),
    }
}

fn payment(record: PaymentRecord) -> wire::PatronPayment {
    let payment = record.payment;
    wire::PatronPayment {
        payment_id: payment.id.to_string(),
        channel: record.channel.code().into(),
        operator: payment.operator,
        order_id: payment.order_id,
        amount: Some(reply::amount(payment.cents)),
        refunded: Some(reply::amount(payment.refunded_cents)),
        recorded_at: Some(reply::timestamp(payment.at)),
        branch: record.branch,
        recorded_by: payment.recorded_by,
        paid: record.shares.iter().map(share).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto_domain::{FeeEntryKind, FeeKind, FeeLaw, PaymentChannel};

    fn name(prefix: &str, word: &str) -> String {
        format!("{prefix}_{}", word.to_uppercase().replace('-', "_"))
    }

    #[test]
    fn codes_of_contract_and_register_have_the_same_numbers() {
        for kind in FeeKind::ALL {
            let theirs = wire::FeeKind::from_str_name(&name("FEE_KIND", kind.word()));
            assert_eq!(theirs.map(i32::from), Some(kind.code().into()));
        }
        for kind in FeeEntryKind::ALL {
            let theirs = wire::FeeEntryKind::from_str_name(&name("FEE_ENTRY_KIND", kind.word()));
            assert_eq!(theirs.map(i32::from), Some(kind.code().into()));
        }
        for law in FeeLaw::ALL {
            let theirs = wire::FeeLaw::from_str_name(&name("FEE_LAW", law.word()));
            assert_eq!(theirs.map(i32::from), Some(law.code().into()));
        }
        for channel in PaymentChannel::ALL {
            let theirs = wire::PaymentChannel::from_str_name(&name("PAYMENT_CHANNEL", channel.word()));
            assert_eq!(theirs.map(i32::from), Some(channel.code().into()));
        }
    }

    #[test]
    fn cash_has_no_order_and_a_terminal_has_one() {
        let cash = wire::PaymentMeans::Cash;
        assert_eq!(means(cash, "", ""), Ok(PaymentMeans::Cash));
        assert!(means(cash, "T1", "").is_err() && means(cash, "", "7").is_err());
        assert!(means(wire::PaymentMeans::Terminal, "T1", "7").is_ok());
        assert!(means(wire::PaymentMeans::Terminal, "T1", "").is_err());
        assert!(means(wire::PaymentMeans::Unspecified, "", "").is_err());
    }
}
