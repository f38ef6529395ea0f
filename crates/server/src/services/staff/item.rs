//! `ItemService`.

use super::fields;
use crate::{
    services::{Api, money, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{self as wire, item_service_server::ItemService};
use kortisto_domain::items::{
    AGE_RATINGS, COLLECTION_CHARS_MAX, LABEL_CHARS_MAX, MATERIALS, NOTE_CHARS_MAX, PRICE_CENTS_MAX,
    is_language,
};
use kortisto_register::staff::items::{GetItem, GetTitle, ItemRecord, PutItem, PutTitle, SetItemState};
use kortisto_store::entities::titles;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl ItemService for Api {
    async fn get_item(
        &self,
        request: Request<wire::GetItemRequest>,
    ) -> Result<Response<wire::GetItemResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = GetItem {
            barcode: fields::code("item_barcode", &message.item_barcode)?,
            purpose: fields::purpose(message.purpose)?,
        };
        let shown = desk.view(ask).await?;
        Ok(Response::new(wire::GetItemResponse {
            record: Some(record(shown.record)),
            title: Some(title(shown.title)),
            patron_number: shown.patron_number.unwrap_or_default(),
        }))
    }

    async fn put_item(
        &self,
        request: Request<wire::PutItemRequest>,
    ) -> Result<Response<wire::PutItemResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let item = fields::message("item", message.item)?;
        let collection = fields::optional_text("item.collection", &item.collection, COLLECTION_CHARS_MAX)?;
        let put = PutItem {
            request_id: fields::id("request_id", &message.request_id)?,
            barcode: fields::code("item.barcode", &item.barcode)?,
            title_number: fields::code("item.title_number", &item.title_number)?,
            home_branch: fields::code("item.home_branch", &item.home_branch)?,
            collection: collection.unwrap_or_default(),
            price_cents: money::optional_cents("item.price", item.price.as_ref(), PRICE_CENTS_MAX)?,
            note: fields::optional_text("item.note", &item.note, NOTE_CHARS_MAX)?,
        };
        let created = desk.change(put).await?;
        Ok(Response::new(wire::PutItemResponse { created }))
    }

    async fn set_item_state(
        &self,
        request: Request<wire::SetItemStateRequest>,
    ) -> Result<Response<wire::SetItemStateResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let set = SetItemState {
            request_id: fields::id("request_id", &message.request_id)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
            report: fields::coded("report", message.report)?,
        };
        let set = desk.change(set).await?;
        Ok(Response::new(wire::SetItemStateResponse {
            state: set.state.code().into(),
            holds_without_item: set.holds_without_item.try_into().unwrap_or(i32::MAX),
        }))
    }

    async fn get_title(
        &self,
        request: Request<wire::GetTitleRequest>,
    ) -> Result<Response<wire::GetTitleResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = GetTitle {
            number: fields::code("title_number", &message.title_number)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let shown = desk.view(ask).await?;
        Ok(Response::new(wire::GetTitleResponse {
            title: Some(title(shown.title)),
            items: shown.items.rows.into_iter().map(record).collect(),
            next_page_token: page_token::of(shown.items.next),
        }))
    }

    async fn put_title(
        &self,
        request: Request<wire::PutTitleRequest>,
    ) -> Result<Response<wire::PutTitleResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let title = fields::message("title", message.title)?;
        let put = PutTitle {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("title.number", &title.number)?,
            label: fields::text("title.label", &title.label, LABEL_CHARS_MAX)?,
            material: material(title.material)?,
            language: language(title.language)?,
            age_rating: age_rating(title.age_rating)?,
            price_cents: money::optional_cents("title.price", title.price.as_ref(), PRICE_CENTS_MAX)?,
        };
        let created = desk.change(put).await?;
        Ok(Response::new(wire::PutTitleResponse { created }))
    }
}

fn material(word: String) -> Result<String, Fault> {
    let known = MATERIALS.contains(&word.as_str());
    if known { Ok(word) } else { Err(Fault::field("title.material", MATERIALS.join(" | "))) }
}

fn language(code: String) -> Result<String, Fault> {
    let rule = "two or three small letters of ISO 639, und for unknown";
    if is_language(&code) { Ok(code) } else { Err(Fault::field("title.language", rule)) }
}

/// An age rating; none where it is 0.
fn age_rating(years: i32) -> Result<Option<i16>, Fault> {
    if years == 0 {
        return Ok(None);
    }
    let known = AGE_RATINGS.into_iter().find(|rating| i32::from(*rating) == years);
    known.map(Some).ok_or_else(|| Fault::field("title.age_rating", "7, 12, 16 or 18, or 0 for any age"))
}

fn title(row: titles::Model) -> wire::Title {
    wire::Title {
        number: row.number,
        label: row.label,
        material: row.material,
        language: row.language,
        age_rating: row.age_rating.map_or(0, i32::from),
        price: row.price_cents.and_then(reply::money),
    }
}

fn record(shown: ItemRecord) -> wire::ItemRecord {
    let ItemRecord { item, title_number, home_branch, at_branch, due_on } = shown;
    wire::ItemRecord {
        state: item.state.into(),
        state_began_at: item.state_since.map(reply::timestamp),
        at_branch,
        kept_for_hold_id: item.kept_for_hold_id.map(|id| id.to_string()).unwrap_or_default(),
        due_on: due_on.map(|day| day.to_string()).unwrap_or_default(),
        item: Some(wire::Item {
            barcode: item.barcode,
            title_number,
            home_branch,
            collection: item.collection,
            price: item.price_cents.and_then(reply::money),
            note: item.note.unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto_domain::{ItemReport, ItemState};

    #[test]
    fn states_and_reports_of_contract_and_register_have_the_same_numbers() {
        let upper = |word: &str| word.to_uppercase().replace('-', "_");
        for own in ItemState::ALL {
            let theirs = wire::ItemState::from_str_name(&format!("ITEM_STATE_{}", upper(own.word())));
            assert_eq!(theirs.map(i32::from), Some(i32::from(own.code())), "{own:?}");
        }
        for own in ItemReport::ALL {
            let theirs = wire::ItemReport::from_str_name(&format!("ITEM_REPORT_{}", upper(own.word())));
            assert_eq!(theirs.map(i32::from), Some(i32::from(own.code())), "{own:?}");
        }
    }

    #[test]
    fn what_rules_rest_on_is_known() {
        assert_eq!(age_rating(0), Ok(None));
        assert_eq!(age_rating(12), Ok(Some(12)));
        for bad in [-1, 1, 11, 65_548, i32::MAX] {
            assert!(age_rating(bad).is_err(), "{bad}");
        }
        assert!(material("dvd".to_owned()).is_ok() && material("DVD".to_owned()).is_err());
        assert!(language("und".to_owned()).is_ok() && language("FI".to_owned()).is_err());
    }
}
