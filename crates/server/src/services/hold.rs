//! `HoldService`.

use super::{Api, fields, page_token, reply};
use crate::status::Fault;
use kortisto::device::v1::{
    Hold, HoldState, ListHoldsRequest, ListHoldsResponse, PickUpHoldRequest, PickUpHoldResponse,
    hold_service_server::HoldService,
};
use kortisto_domain::HoldState as State;
use kortisto_register::{HoldDetails, HoldPlace, ListHolds, PickUp, Rpc};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl HoldService for Api {
    async fn list_holds(
        &self,
        request: Request<ListHoldsRequest>,
    ) -> Result<Response<ListHoldsResponse>, Status> {
        let asked = self.caller(&request, Rpc::ListHolds).await?;
        let message = request.into_inner();
        let ask = ListHolds {
            caller: asked.caller,
            token_hash: fields::token(&message.patron_token)?,
            page_size: fields::page_size(message.page_size)?,
            after: parse_page_token(&message.page_token)?,
        };
        let list =
            self.register.list_holds(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(list.language.as_deref());
        let (ready, pending) = list
            .holds
            .into_iter()
            .map(hold)
            .partition::<Vec<_>, _>(|hold| hold.state == HoldState::Ready as i32);
        Ok(Response::new(ListHoldsResponse {
            verdict: reply::verdict(&list.decision),
            refusals: self.refusals(&asked, &list.decision, language),
            ready,
            pending: if asked.shows("pending") { pending } else { Vec::new() },
            next_page_token: list.next.map(token_of).unwrap_or_default(),
        }))
    }

    async fn pick_up_hold(
        &self,
        request: Request<PickUpHoldRequest>,
    ) -> Result<Response<PickUpHoldResponse>, Status> {
        let asked = self.caller(&request, Rpc::PickUpHold).await?;
        let message = request.into_inner();
        let ask = PickUp {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            token_hash: fields::token(&message.patron_token)?,
            hold_id: fields::id("hold_id", &message.hold_id)?,
        };
        let answer =
            self.register.pick_up_hold(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let (verdict, refusals, loan) = self.loan(&asked, answer);
        Ok(Response::new(PickUpHoldResponse { verdict, refusals, loan }))
    }
}

fn hold(details: HoldDetails) -> Hold {
    let state = match details.state {
        State::Ready => HoldState::Ready,
        State::InTransit => HoldState::InTransit,
        State::Pending | State::Fulfilled | State::Cancelled | State::Lapsed => HoldState::Pending,
    };
    Hold {
        hold_id: details.id.to_string(),
        title_label: details.label,
        state: state.into(),
        pickup_branch: details.pickup_branch,
        pickup_until: details.pickup_until.map(|day| day.to_string()).unwrap_or_default(),
        pickup_number: details.pickup_number.unwrap_or_default(),
        placed_at: Some(reply::timestamp(details.placed_at)),
    }
}

/// A page token is a place in the list and no secret: the session decides whose list it is.
fn token_of(place: HoldPlace) -> String {
    format!("{}.{:x}.{}", u8::from(place.pending), place.placed_at_us, place.id.simple())
}

fn parse_page_token(token: &str) -> Result<Option<HoldPlace>, Fault> {
    page_token::read(token, |text| {
        let mut parts = text.split('.');
        let pending = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let placed_at_us = i64::from_str_radix(parts.next()?, 16).ok()?;
        let id = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(HoldPlace { pending, placed_at_us, id })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_leads_back_to_its_place_and_nothing_else_does() {
        let place =
            HoldPlace { pending: true, placed_at_us: 1_700_000_000_000_000, id: uuid::Uuid::from_u128(7) };
        assert_eq!(parse_page_token(&token_of(place)), Ok(Some(place)));
        assert_eq!(parse_page_token(""), Ok(None));
        for bad in ["x", "1", "1.2", "2.3.4", "1.zz.7", &format!("{}.", token_of(place)), &"1".repeat(200)] {
            assert!(parse_page_token(bad).is_err(), "{bad}");
        }
    }
}
