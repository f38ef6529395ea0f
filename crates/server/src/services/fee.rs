//! `FeeService`.

use super::{
    Api, fields,
    money::{PAYMENT_CENTS_MAX, cents},
    page_token, reply,
};
use crate::status::Fault;
use kortisto::device::v1::{
    Fee, ListFeesRequest, ListFeesResponse, PaidFee, RecordPaymentRequest, RecordPaymentResponse,
    fee_service_server::FeeService,
};
use kortisto_register::{Ask, FeeDetails, FeePlace, ListFees, RecordPayment, Rpc};
use std::collections::HashSet;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

/// Fees that one payment may name.
const FEES_MAX: usize = 100;

#[async_trait]
impl FeeService for Api {
    async fn list_fees(
        &self,
        request: Request<ListFeesRequest>,
    ) -> Result<Response<ListFeesResponse>, Status> {
        let asked = self.caller(&request, Rpc::ListFees).await?;
        let message = request.into_inner();
        let ask = ListFees {
            caller: asked.caller,
            token_hash: fields::token(&message.patron_token)?,
            page_size: fields::page_size(message.page_size)?,
            after: parse_page_token(&message.page_token)?,
        };
        let list = self.register.list_fees(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let granted = list.decision.is_granted();
        let with_name = asked.shows("fees.ward_name");
        Ok(Response::new(ListFeesResponse {
            verdict: reply::verdict(&list.decision),
            refusals: self.refusals(&asked, &list.decision, self.language_of(list.language.as_deref())),
            fees: list.fees.into_iter().map(|details| fee(details, with_name)).collect(),
            balance: granted.then(|| reply::amount(list.balance_cents)),
            payable: granted.then(|| reply::amount(list.payable_cents)),
            next_page_token: list.next.map(token_of).unwrap_or_default(),
        }))
    }

    async fn record_payment(
        &self,
        request: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        let asked = self.caller(&request, Rpc::RecordPayment).await?;
        let message = request.into_inner();
        let payment = RecordPayment::new(
            Ask {
                caller: asked.caller,
                request_id: fields::id("request_id", &message.request_id)?,
                token_hash: fields::token(&message.patron_token)?,
            },
            fields::code("operator", &message.operator)?,
            fields::code("order_id", &message.order_id)?,
            fee_ids(&message.fee_ids)?,
            cents("amount", message.amount.as_ref(), PAYMENT_CENTS_MAX)?,
        );
        let answer = self.register.record_payment(payment, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let refusals = self.refusals(&asked, &answer.decision, self.language_of(answer.language.as_deref()));
        let verdict = reply::verdict(&answer.decision);
        let Some(made) = answer.payment else {
            return Ok(Response::new(RecordPaymentResponse { verdict, refusals, ..Default::default() }));
        };
        let paid = made
            .shares
            .iter()
            .map(|share| PaidFee { fee_id: share.fee.to_string(), amount: Some(reply::amount(share.cents)) });
        Ok(Response::new(RecordPaymentResponse {
            verdict,
            refusals,
            payment_id: made.id.to_string(),
            paid: paid.collect(),
            balance: Some(reply::amount(made.balance_cents)),
        }))
    }
}

fn fee(details: FeeDetails, with_name: bool) -> Fee {
    Fee {
        fee_id: details.id.to_string(),
        kind: details.kind.code().into(),
        amount: Some(reply::amount(details.amount_cents)),
        open: Some(reply::amount(details.open_cents)),
        created_at: Some(reply::timestamp(details.created_at)),
        item_label: details.label.unwrap_or_default(),
        municipality: details.municipality,
        payable_here: details.payable,
        of_ward: details.ward_name.is_some(),
        ward_name: details.ward_name.filter(|_| with_name).unwrap_or_default(),
    }
}

/// The fees that a payment names, each once.
pub(super) fn fee_ids(texts: &[String]) -> Result<Vec<Uuid>, Fault> {
    let fault = || Fault::field("fee_ids", format!("at most {FEES_MAX} UUIDs of 36 characters, each once"));
    if texts.len() > FEES_MAX {
        return Err(fault());
    }
    let ids: Vec<Uuid> = texts.iter().map(|text| fields::id("fee_ids", text)).collect::<Result<_, _>>()?;
    let different: HashSet<_> = ids.iter().collect();
    if different.len() == ids.len() { Ok(ids) } else { Err(fault()) }
}

/// A page token is a place in the list and no secret: the session decides whose list it is.
fn token_of(place: FeePlace) -> String {
    format!("{:x}.{}", place.created_at_us, place.id.simple())
}

fn parse_page_token(token: &str) -> Result<Option<FeePlace>, Fault> {
    page_token::read(token, |text| {
        let (created_at, id) = text.split_once('.')?;
        let created_at_us = i64::from_str_radix(created_at, 16).ok()?;
        Some(FeePlace { created_at_us, id: id.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto::device::v1::FeeKind as Wire;
    use kortisto_domain::FeeKind;

    #[test]
    fn a_page_token_leads_back_to_its_place_and_nothing_else_does() {
        let place = FeePlace { created_at_us: 1_700_000_000_000_000, id: Uuid::from_u128(7) };
        assert_eq!(parse_page_token(&token_of(place)), Ok(Some(place)));
        assert_eq!(parse_page_token(""), Ok(None));
        for bad in ["x", "1", "1.2", "zz.7", &format!("{}.", token_of(place)), &"1".repeat(200)] {
            assert!(parse_page_token(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fees_are_named_once() {
        let text = Uuid::from_u128(u128::MAX >> 1).to_string();
        assert_eq!(fee_ids(std::slice::from_ref(&text)).map(|ids| ids.len()), Ok(1));
        assert!(fee_ids(&[text.clone(), text.to_uppercase()]).is_err());
        let many = |count: u128| (1..=count).map(|n| Uuid::from_u128(n).to_string()).collect::<Vec<_>>();
        assert!(fee_ids(&many(100)).is_ok() && fee_ids(&many(101)).is_err());
    }

    #[test]
    fn kinds_of_contract_and_register_have_the_same_numbers() {
        for kind in FeeKind::ALL {
            let name = format!("FEE_KIND_{}", kind.word().to_uppercase().replace('-', "_"));
            assert_eq!(Wire::from_str_name(&name).map(i32::from), Some(kind.code().into()));
        }
    }
}
