//! `HoldService` of staff.

use super::fields;
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use chrono::NaiveDate;
use kortisto::{
    common::v1 as common,
    staff::v1::{self as wire, hold_service_server::HoldService},
};
use kortisto_domain::waiting::Obstacle;
use kortisto_register::{
    Freeze, HoldAnswer, HoldDetails, HoldEdit, HoldLevel, HoldTarget, HoldWish, PickupPlace,
    staff::holds::{
        CancelHoldForPatron, ChangeHoldForPatron, ExplainHold, HoldEvent, InFront, ListPatronHolds,
        ListPullItems, ListQueue, ListShelf, PlaceHoldForPatron, PullItem, QueueEntry, ShelfItem, ShelfPart,
    },
};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl HoldService for Api {
    async fn list_queue(
        &self,
        request: Request<wire::ListQueueRequest>,
    ) -> Result<Response<wire::ListQueueResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let of = match message.of.as_ref() {
            Some(wire::list_queue_request::Of::TitleNumber(number)) => title(number)?,
            Some(wire::list_queue_request::Of::ItemBarcode(barcode)) => item(barcode)?,
            None => return Err(missing_target().into()),
        };
        let ask = ListQueue {
            of,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListQueueResponse {
            holds: page.rows.into_iter().map(queued).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn list_patron_holds(
        &self,
        request: Request<wire::ListPatronHoldsRequest>,
    ) -> Result<Response<wire::ListPatronHoldsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListPatronHolds {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            include_closed: message.include_closed,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListPatronHoldsResponse {
            holds: page.rows.into_iter().map(record).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn list_shelf(
        &self,
        request: Request<wire::ListShelfRequest>,
    ) -> Result<Response<wire::ListShelfResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let part = match wire::ShelfPart::try_from(message.part) {
            Ok(wire::ShelfPart::Ready) => ShelfPart::Ready,
            Ok(wire::ShelfPart::ToTakeOff) => ShelfPart::ToTakeOff,
            Ok(wire::ShelfPart::Unspecified) | Err(_) => {
                return Err(Fault::field("part", "READY or TO_TAKE_OFF").into());
            }
        };
        let ask = ListShelf {
            branch: fields::code("branch", &message.branch)?,
            part,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListShelfResponse {
            items: page.rows.into_iter().map(shelf_item).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn list_pull_items(
        &self,
        request: Request<wire::ListPullItemsRequest>,
    ) -> Result<Response<wire::ListPullItemsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListPullItems {
            branch: fields::code("branch", &message.branch)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListPullItemsResponse {
            items: page.items.into_iter().map(pull_item).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn place_hold_for_patron(
        &self,
        request: Request<wire::PlaceHoldForPatronRequest>,
    ) -> Result<Response<wire::PlaceHoldForPatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let place = PlaceHoldForPatron {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            wish: wish(&message)?,
        };
        let answer = desk.change(place).await?;
        let (verdict, refusals) = self.told(&answer);
        let hold = answer.hold.map(record);
        Ok(Response::new(wire::PlaceHoldForPatronResponse { verdict, refusals, hold }))
    }

    async fn change_hold_for_patron(
        &self,
        request: Request<wire::ChangeHoldForPatronRequest>,
    ) -> Result<Response<wire::ChangeHoldForPatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let change = ChangeHoldForPatron {
            request_id: fields::id("request_id", &message.request_id)?,
            hold: fields::id("hold_id", &message.hold_id)?,
            edit: edit(&message)?,
        };
        let answer = desk.change(change).await?;
        let (verdict, refusals) = self.told(&answer);
        let hold = answer.hold.map(record);
        Ok(Response::new(wire::ChangeHoldForPatronResponse { verdict, refusals, hold }))
    }

    async fn cancel_hold_for_patron(
        &self,
        request: Request<wire::CancelHoldForPatronRequest>,
    ) -> Result<Response<wire::CancelHoldForPatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let hold = fields::id("hold_id", &message.hold_id)?;
        let answer = desk.change(CancelHoldForPatron { request_id, hold }).await?;
        let (verdict, refusals) = self.told(&answer);
        Ok(Response::new(wire::CancelHoldForPatronResponse { verdict, refusals }))
    }

    async fn explain_hold(
        &self,
        request: Request<wire::ExplainHoldRequest>,
    ) -> Result<Response<wire::ExplainHoldResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let hold = fields::id("hold_id", &message.hold_id)?;
        let purpose = fields::purpose(message.purpose)?;
        let explained = desk.view(ExplainHold { hold, purpose }).await?;
        Ok(Response::new(wire::ExplainHoldResponse {
            hold: Some(record(explained.hold)),
            item_barcode: explained.barcode.unwrap_or_default(),
            in_front: explained.in_front.into_iter().map(in_front).collect(),
            events: explained.events.into_iter().map(event).collect(),
            closed_by: explained.closed_by.unwrap_or_default(),
            obstacle: obstacle(explained.obstacle).into(),
        }))
    }
}

impl Api {
    /// Verdict and reasons, with what lifts them.
    fn told(&self, answer: &HoldAnswer) -> (i32, Vec<common::Refusal>) {
        let language = self.language_of(answer.language.as_deref());
        let refusal = |why: &kortisto_domain::Reason| {
            let said = self.texts.reason(language, *why);
            common::Refusal {
                reason: reply::reason(*why).into(),
                text: said.text.clone(),
                remedy: said.remedy.clone(),
            }
        };
        let refusals = answer.decision.reasons().iter().map(refusal).collect();
        (reply::verdict(&answer.decision), refusals)
    }
}

fn title(number: &str) -> Result<HoldTarget, Fault> {
    fields::code("title_number", number).map(HoldTarget::Title)
}

fn item(barcode: &str) -> Result<HoldTarget, Fault> {
    fields::code("item_barcode", barcode).map(HoldTarget::Item)
}

fn missing_target() -> Fault {
    Fault::field("of", "title_number or item_barcode")
}

fn wish(message: &wire::PlaceHoldForPatronRequest) -> Result<HoldWish, Fault> {
    use wire::place_hold_for_patron_request::Of;
    let target = match message.of.as_ref() {
        Some(Of::TitleNumber(number)) => title(number)?,
        Some(Of::ItemBarcode(barcode)) => item(barcode)?,
        None => return Err(missing_target()),
    };
    let home_branch = fields::optional_code("home_branch", &message.home_branch)?;
    let by_title = matches!(target, HoldTarget::Title(_));
    let level = match (wire::HoldLevel::try_from(message.level), home_branch) {
        (Ok(wire::HoldLevel::Unspecified | wire::HoldLevel::Title), None) => HoldLevel::Title,
        (Ok(wire::HoldLevel::Item), None) if !by_title => HoldLevel::Item,
        (Ok(wire::HoldLevel::Branch), Some(branch)) => HoldLevel::Branch(branch),
        _ => {
            return Err(Fault::field(
                "level",
                "TITLE, ITEM with an item_barcode, or BRANCH with a home_branch",
            ));
        }
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

fn edit(message: &wire::ChangeHoldForPatronRequest) -> Result<HoldEdit, Fault> {
    let (stop, locker) = (&message.pickup_stop, &message.pickup_locker);
    let pickup = match message.pickup_branch.as_str() {
        "" if stop.is_empty() && locker.is_empty() => None,
        branch => Some(pickup(branch, stop, locker)?),
    };
    let freeze = match (fields::optional_date("frozen_until", &message.frozen_until)?, message.unfreeze) {
        (Some(_), true) => return Err(Fault::field("unfreeze", "false beside a frozen_until")),
        (Some(day), false) => Some(Freeze::Until(day)),
        (None, true) => Some(Freeze::Lifted),
        (None, false) => None,
    };
    let valid_until = fields::optional_date("valid_until", &message.valid_until)?;
    Ok(HoldEdit { pickup, valid_until, freeze })
}

fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn record(hold: HoldDetails) -> wire::HoldRecord {
    wire::HoldRecord {
        hold_id: hold.id.to_string(),
        title_label: hold.label,
        state: hold.state.code().into(),
        queue_position: hold.queue_position.and_then(|place| i32::try_from(place).ok()).unwrap_or(0),
        pickup_branch: hold.pickup_branch,
        pickup_stop: hold.pickup_spot.stop.unwrap_or_default(),
        pickup_locker: hold.pickup_spot.locker.unwrap_or_default(),
        pickup_number: hold.pickup_number.unwrap_or_default(),
        pickup_until: day(hold.pickup_until),
        compartment: hold.compartment.unwrap_or_default(),
        frozen_until: day(hold.frozen_until),
        valid_until: day(hold.valid_until),
        placed_at: Some(reply::timestamp(hold.placed_at)),
    }
}

fn queued(entry: QueueEntry) -> wire::QueuedHold {
    wire::QueuedHold {
        hold: Some(record(entry.hold)),
        patron_number: entry.patron_number,
        only_item_barcode: entry.only_item.unwrap_or_default(),
        only_branch: entry.only_branch.unwrap_or_default(),
    }
}

fn shelf_item(item: ShelfItem) -> wire::ShelfItem {
    wire::ShelfItem {
        item_barcode: item.barcode,
        title_label: item.label,
        hold_id: item.hold.map(|id| id.to_string()).unwrap_or_default(),
        pickup_number: item.pickup_number.unwrap_or_default(),
        compartment: item.compartment.unwrap_or_default(),
        pickup_stop: item.pickup_spot.stop.unwrap_or_default(),
        pickup_locker: item.pickup_spot.locker.unwrap_or_default(),
        pickup_until: day(item.pickup_until),
        ready_at: item.ready_at.map(reply::timestamp),
        overdue: item.overdue,
    }
}

fn pull_item(item: PullItem) -> wire::PullItem {
    wire::PullItem {
        item_barcode: item.barcode,
        title_label: item.label,
        collection: item.collection,
        pickup_branch: item.pickup_branch,
        pickup_stop: item.pickup_spot.stop.unwrap_or_default(),
        pickup_locker: item.pickup_spot.locker.unwrap_or_default(),
        hold_id: item.hold.to_string(),
    }
}

fn in_front(hold: InFront) -> wire::HoldInFront {
    wire::HoldInFront {
        hold_id: hold.id.to_string(),
        obstacle: obstacle(hold.obstacle).into(),
        pickup_branch: hold.pickup_branch,
    }
}

const fn obstacle(obstacle: Option<Obstacle>) -> wire::HoldObstacle {
    match obstacle {
        None => wire::HoldObstacle::Unspecified,
        Some(Obstacle::Frozen) => wire::HoldObstacle::Frozen,
        Some(Obstacle::Ended) => wire::HoldObstacle::Ended,
        Some(Obstacle::OtherItem) => wire::HoldObstacle::OtherItem,
        Some(Obstacle::OtherBranch) => wire::HoldObstacle::OtherBranch,
        Some(Obstacle::HasItem) => wire::HoldObstacle::HasItem,
        Some(Obstacle::NoItem) => wire::HoldObstacle::NoItem,
        Some(Obstacle::NotAllowed) => wire::HoldObstacle::NotAllowed,
    }
}

fn event(event: HoldEvent) -> wire::HoldEvent {
    wire::HoldEvent {
        occurred_at: Some(reply::timestamp(event.at)),
        action: event.action,
        actor: event.actor,
        branch: event.branch.unwrap_or_default(),
        item_barcode: event.barcode.unwrap_or_default(),
    }
}
