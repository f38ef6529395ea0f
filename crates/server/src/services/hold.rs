//! `HoldService`.

use super::{Api, Asked, fields, page_token, reply};
use crate::status::Fault;
use futures_util::{
    StreamExt as _,
    stream::{BoxStream, try_unfold},
};
use kortisto::device::v1::{
    CancelHoldRequest, CancelHoldResponse, ChangeHoldRequest, ChangeHoldResponse, ConfirmPickupRequest,
    ConfirmPickupResponse, Hold, HoldLevel as Level, HoldState, ListHoldsRequest, ListHoldsResponse,
    PickUpHoldRequest, PickUpHoldResponse, PlaceHoldRequest, PlaceHoldResponse, ReservePickupRequest,
    ReservePickupResponse, RevertPickupRequest, RevertPickupResponse, ShelfHold, StockCompartmentRequest,
    StockCompartmentResponse, WatchHoldShelfRequest, WatchHoldShelfResponse,
    hold_service_server::HoldService,
};
use kortisto_domain::HoldState as State;
use kortisto_register::{
    Ask, COMPARTMENT_CHARS_MAX, CancelHold, ChangeHold, ConfirmPickup, Freeze, HoldAnswer, HoldDetails,
    HoldEdit, HoldLevel, HoldPlace, HoldTarget, HoldWish, ListHolds, PickUp, PickupPlace, PlaceHold,
    ReservePickup, RevertPickup, Rpc, ShelfNews, StockCompartment,
};
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

    async fn place_hold(
        &self,
        request: Request<PlaceHoldRequest>,
    ) -> Result<Response<PlaceHoldResponse>, Status> {
        let asked = self.caller(&request, Rpc::PlaceHold).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let place = PlaceHold::new(ask, wish(&message)?);
        let answer = self.register.place_hold(place, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let (verdict, refusals) = self.about_hold(&asked, &answer);
        Ok(Response::new(PlaceHoldResponse { verdict, refusals, hold: answer.hold.map(hold) }))
    }

    async fn change_hold(
        &self,
        request: Request<ChangeHoldRequest>,
    ) -> Result<Response<ChangeHoldResponse>, Status> {
        let asked = self.caller(&request, Rpc::ChangeHold).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let hold_id = fields::id("hold_id", &message.hold_id)?;
        let change = ChangeHold::new(ask, hold_id, edit(&message)?);
        let answer = self.register.change_hold(change, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let (verdict, refusals) = self.about_hold(&asked, &answer);
        Ok(Response::new(ChangeHoldResponse { verdict, refusals, hold: answer.hold.map(hold) }))
    }

    async fn cancel_hold(
        &self,
        request: Request<CancelHoldRequest>,
    ) -> Result<Response<CancelHoldResponse>, Status> {
        let asked = self.caller(&request, Rpc::CancelHold).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let cancel = CancelHold { ask, hold: fields::id("hold_id", &message.hold_id)? };
        let answer = self.register.cancel_hold(cancel, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let (verdict, refusals) = self.about_hold(&asked, &answer);
        Ok(Response::new(CancelHoldResponse { verdict, refusals }))
    }

    async fn reserve_pickup(
        &self,
        request: Request<ReservePickupRequest>,
    ) -> Result<Response<ReservePickupResponse>, Status> {
        let asked = self.caller(&request, Rpc::ReservePickup).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let reserve = ReservePickup { ask, hold: fields::id("hold_id", &message.hold_id)? };
        let answer = self.register.reserve_pickup(reserve, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        Ok(Response::new(ReservePickupResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
            compartment: answer.compartment.unwrap_or_default(),
            reservation_ends_at: answer.reserved_until.map(reply::timestamp),
        }))
    }

    async fn confirm_pickup(
        &self,
        request: Request<ConfirmPickupRequest>,
    ) -> Result<Response<ConfirmPickupResponse>, Status> {
        let asked = self.caller(&request, Rpc::ConfirmPickup).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let confirm = ConfirmPickup { ask, hold: fields::id("hold_id", &message.hold_id)? };
        let answer = self.register.confirm_pickup(confirm, asked.deadline).await;
        let (verdict, refusals, loan) = self.loan(&asked, answer.map_err(|error| asked.fault(&error))?);
        Ok(Response::new(ConfirmPickupResponse { verdict, refusals, loan }))
    }

    async fn revert_pickup(
        &self,
        request: Request<RevertPickupRequest>,
    ) -> Result<Response<RevertPickupResponse>, Status> {
        let asked = self.caller(&request, Rpc::RevertPickup).await?;
        let message = request.into_inner();
        let ask = ask(&asked, &message.request_id, &message.patron_token)?;
        let revert = RevertPickup { ask, hold: fields::id("hold_id", &message.hold_id)? };
        let answer = self.register.revert_pickup(revert, asked.deadline).await;
        let (verdict, refusals) = self.about_hold(&asked, &answer.map_err(|error| asked.fault(&error))?);
        Ok(Response::new(RevertPickupResponse { verdict, refusals }))
    }

    async fn stock_compartment(
        &self,
        request: Request<StockCompartmentRequest>,
    ) -> Result<Response<StockCompartmentResponse>, Status> {
        let asked = self.caller(&request, Rpc::StockCompartment).await?;
        let message = request.into_inner();
        let stock = StockCompartment {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            hold: fields::id("hold_id", &message.hold_id)?,
            compartment: compartment(&message.compartment)?,
        };
        let answer = self.register.stock_compartment(stock, asked.deadline).await;
        let answer = answer.map_err(|error| asked.fault(&error))?;
        Ok(Response::new(StockCompartmentResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, self.language_of(None)),
            pickup_number: answer.pickup_number.unwrap_or_default(),
            pickup_until: day(answer.pickup_until),
        }))
    }

    type WatchHoldShelfStream = BoxStream<'static, Result<WatchHoldShelfResponse, Status>>;

    async fn watch_hold_shelf(
        &self,
        request: Request<WatchHoldShelfRequest>,
    ) -> Result<Response<Self::WatchHoldShelfStream>, Status> {
        let asked = self.caller(&request, Rpc::WatchHoldShelf).await?;
        let watch = self.register.watch_shelf(asked.caller, asked.deadline).await;
        let watch = watch.map_err(|error| asked.fault(&error))?;
        // Pulled, not pushed: the next look is taken when the device has room for what it finds.
        let news = try_unfold((asked, watch), |(asked, mut watch)| async move {
            let news = watch.next().await.map_err(|error| asked.fault(&error))?;
            Ok(Some((shelf(news, asked.caller.device_id), (asked, watch))))
        });
        Ok(Response::new(news.boxed()))
    }
}

fn compartment(text: &str) -> Result<String, Fault> {
    let fits = text.chars().count() <= COMPARTMENT_CHARS_MAX;
    let rule = || Fault::field("compartment", "1 to 16 printable characters, without blanks at its ends");
    if fits { fields::code("compartment", text).map_err(|_| rule()) } else { Err(rule()) }
}

fn shelf(news: ShelfNews, device: i64) -> WatchHoldShelfResponse {
    let ready = news.ready.into_iter().map(|row| ShelfHold {
        hold_id: row.id.to_string(),
        pickup_number: row.pickup_number,
        compartment: row.compartment.unwrap_or_default(),
        alias: row.alias.unwrap_or_default(),
        pickup_until: day(row.pickup_until),
        gone: false,
        pickup_stop: row.pickup_stop.unwrap_or_default(),
        pickup_locker: row.pickup_locker.unwrap_or_default(),
        in_own_compartment: row.stocked_by == Some(device),
    });
    let gone = news.gone.into_iter().map(|id| ShelfHold {
        hold_id: id.to_string(),
        gone: true,
        ..ShelfHold::default()
    });
    WatchHoldShelfResponse { whole: news.whole, holds: gone.chain(ready).collect() }
}

impl Api {
    /// The parts of a reply about a hold that every one has.
    fn about_hold(&self, asked: &Asked, answer: &HoldAnswer) -> (i32, Vec<kortisto::common::v1::Refusal>) {
        let language = self.language_of(answer.language.as_deref());
        (reply::verdict(&answer.decision), self.refusals(asked, &answer.decision, language))
    }
}

/// Who asks, and under which id.
fn ask(asked: &Asked, request_id: &str, patron_token: &str) -> Result<Ask, Fault> {
    Ok(Ask {
        caller: asked.caller,
        request_id: fields::id("request_id", request_id)?,
        token_hash: fields::token(patron_token)?,
    })
}

fn wish(message: &PlaceHoldRequest) -> Result<HoldWish, Fault> {
    let title = fields::optional_code("title_number", &message.title_number)?;
    let item = fields::optional_code("item_barcode", &message.item_barcode)?;
    let home_branch = fields::optional_code("home_branch", &message.home_branch)?;
    let fault = || Fault::field("level", "TITLE, ITEM or BRANCH");
    let level = match Level::try_from(message.level).map_err(|_| fault())? {
        Level::Unspecified | Level::Title => HoldLevel::Title,
        Level::Item => HoldLevel::Item,
        Level::Branch => {
            let branch = home_branch.clone();
            HoldLevel::Branch(
                branch.ok_or_else(|| Fault::field("home_branch", "given with the level BRANCH"))?,
            )
        }
    };
    if home_branch.is_some() && !matches!(level, HoldLevel::Branch(_)) {
        return Err(Fault::field("home_branch", "empty unless the level is BRANCH"));
    }
    let target = match (title, item) {
        (Some(_), Some(_)) => return Err(Fault::field("item_barcode", "empty beside a title_number")),
        (None, Some(barcode)) => HoldTarget::Item(barcode),
        (Some(_), None) if level == HoldLevel::Item => {
            return Err(Fault::field("title_number", "empty: the level ITEM asks for an item_barcode"));
        }
        (Some(number), None) => HoldTarget::Title(number),
        (None, None) => return Err(Fault::field("title_number", "given, or else an item_barcode")),
    };
    Ok(HoldWish {
        target,
        level,
        pickup: pickup(&message.pickup_branch, &message.pickup_stop, &message.pickup_locker)?,
        valid_until: fields::optional_date("valid_until", &message.valid_until)?,
        frozen_until: fields::optional_date("frozen_until", &message.frozen_until)?,
    })
}

fn pickup(branch: &str, stop: &str, locker: &str) -> Result<PickupPlace, Fault> {
    let place = PickupPlace {
        branch: fields::code("pickup_branch", branch)?,
        stop: fields::optional_code("pickup_stop", stop)?,
        locker: fields::optional_code("pickup_locker", locker)?,
    };
    if place.stop.is_some() && place.locker.is_some() {
        return Err(Fault::field("pickup_locker", "empty beside a stop"));
    }
    Ok(place)
}

fn edit(message: &ChangeHoldRequest) -> Result<HoldEdit, Fault> {
    let (stop, locker) = (&message.pickup_stop, &message.pickup_locker);
    for (field, given) in [("pickup_stop", stop), ("pickup_locker", locker)] {
        if message.pickup_branch.is_empty() && !given.is_empty() {
            return Err(Fault::field(field, "empty without a pickup_branch"));
        }
    }
    let pickup = match message.pickup_branch.as_str() {
        "" => None,
        branch => Some(pickup(branch, stop, locker)?),
    };
    let frozen_until = fields::optional_date("frozen_until", &message.frozen_until)?;
    let freeze = match (frozen_until, message.unfreeze) {
        (Some(_), true) => return Err(Fault::field("unfreeze", "false beside a frozen_until")),
        (Some(day), false) => Some(Freeze::Until(day)),
        (None, true) => Some(Freeze::Lifted),
        (None, false) => None,
    };
    let valid_until = fields::optional_date("valid_until", &message.valid_until)?;
    Ok(HoldEdit { pickup, valid_until, freeze })
}

fn hold(details: HoldDetails) -> Hold {
    let state = match details.state {
        State::Ready => HoldState::Ready,
        State::InTransit => HoldState::InTransit,
        State::Pending | State::Fulfilled | State::Cancelled | State::Lapsed => HoldState::Pending,
    };
    // One that has strayed from its shelf gets another day and number there.
    let on_shelf = details.state == State::Ready;
    Hold {
        hold_id: details.id.to_string(),
        title_label: details.label,
        state: state.into(),
        pickup_branch: details.pickup_branch,
        pickup_until: day(details.pickup_until.filter(|_| on_shelf)),
        pickup_number: details.pickup_number.filter(|_| on_shelf).unwrap_or_default(),
        placed_at: Some(reply::timestamp(details.placed_at)),
        queue_position: details.queue_position.and_then(|place| i32::try_from(place).ok()).unwrap_or(0),
        frozen_until: day(details.frozen_until),
        valid_until: day(details.valid_until),
        pickup_stop: details.pickup_spot.stop.unwrap_or_default(),
        pickup_locker: details.pickup_spot.locker.unwrap_or_default(),
        compartment: details.compartment.unwrap_or_default(),
    }
}

/// A date on the wire.
fn day(day: Option<chrono::NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
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
