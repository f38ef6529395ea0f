//! `CardService`.

use super::fields;
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{
    BlockCardRequest, BlockCardResponse, Card, CardPattern, IssueCardRequest, IssueCardResponse,
    ListCardPatternsRequest, ListCardPatternsResponse, ListCardsRequest, ListCardsResponse,
    PutCardPatternRequest, PutCardPatternResponse, RemoveCardPatternRequest, RemoveCardPatternResponse,
    ReplaceCardRequest, ReplaceCardResponse, ReportCardLostRequest, ReportCardLostResponse,
    ReturnCardRequest, ReturnCardResponse, UnblockCardRequest, UnblockCardResponse,
    card_service_server::CardService,
};
use kortisto_domain::card_number::PATTERN_BYTES_MAX;
use kortisto_register::staff::cards::{
    BlockCard, CardDetails, IssueCard, ListCardPatterns, ListCards, PutCardPattern, RemoveCardPattern,
    ReplaceCard, ReportCardLost, ReturnCard, UnblockCard,
};
use kortisto_store::entities::card_patterns;
use tonic::{Request, Response, Status, async_trait};

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Longest description of a form, in characters.
const DESCRIPTION_CHARS_MAX: usize = 200;

#[async_trait]
impl CardService for Api {
    async fn issue_card(
        &self,
        request: Request<IssueCardRequest>,
    ) -> Result<Response<IssueCardResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let operation = IssueCard {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            card_number: fields::code("card_number", &message.card_number)?,
            identity_document: fields::coded("identity_document", message.identity_document)?,
        };
        let card = desk.change(operation).await?;
        Ok(Response::new(IssueCardResponse {
            valid_from: card.valid_from.to_string(),
            valid_until: card.valid_until.map(|date| date.to_string()).unwrap_or_default(),
        }))
    }

    async fn replace_card(
        &self,
        request: Request<ReplaceCardRequest>,
    ) -> Result<Response<ReplaceCardResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let operation = ReplaceCard {
            request_id: fields::id("request_id", &message.request_id)?,
            card_number: fields::code("card_number", &message.card_number)?,
            new_card_number: fields::code("new_card_number", &message.new_card_number)?,
            identity_document: fields::coded("identity_document", message.identity_document)?,
        };
        let replaced = desk.change(operation).await?;
        Ok(Response::new(ReplaceCardResponse {
            valid_from: replaced.card.valid_from.to_string(),
            valid_until: replaced.card.valid_until.map(|date| date.to_string()).unwrap_or_default(),
            fee_id: replaced.fee.map(|fee| fee.id.to_string()).unwrap_or_default(),
            fee: replaced.fee.map(|fee| reply::amount(fee.cents)),
        }))
    }

    async fn report_card_lost(
        &self,
        request: Request<ReportCardLostRequest>,
    ) -> Result<Response<ReportCardLostResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        let lost = desk.change(ReportCardLost { request_id, card_number }).await?;
        Ok(Response::new(ReportCardLostResponse { lost_at: Some(reply::timestamp(lost.lost_at)) }))
    }

    async fn block_card(
        &self,
        request: Request<BlockCardRequest>,
    ) -> Result<Response<BlockCardResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        let reason = fields::text("reason", &message.reason, REASON_CHARS_MAX)?;
        desk.change(BlockCard { request_id, card_number, reason }).await?;
        Ok(Response::new(BlockCardResponse {}))
    }

    async fn unblock_card(
        &self,
        request: Request<UnblockCardRequest>,
    ) -> Result<Response<UnblockCardResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        let reason = fields::text("reason", &message.reason, REASON_CHARS_MAX)?;
        desk.change(UnblockCard { request_id, card_number, reason }).await?;
        Ok(Response::new(UnblockCardResponse {}))
    }

    async fn return_card(
        &self,
        request: Request<ReturnCardRequest>,
    ) -> Result<Response<ReturnCardResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        desk.change(ReturnCard { request_id, card_number }).await?;
        Ok(Response::new(ReturnCardResponse {}))
    }

    async fn list_cards(
        &self,
        request: Request<ListCardsRequest>,
    ) -> Result<Response<ListCardsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let question = ListCards {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(question).await?;
        Ok(Response::new(ListCardsResponse {
            cards: page.rows.into_iter().map(card).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn put_card_pattern(
        &self,
        request: Request<PutCardPatternRequest>,
    ) -> Result<Response<PutCardPatternResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let form =
            message.card_pattern.ok_or_else(|| Fault::field("card_pattern", "a form of card numbers"))?;
        let description = "card_pattern.description";
        let operation = PutCardPattern {
            request_id,
            pattern: fields::text("card_pattern.pattern", &form.pattern, PATTERN_BYTES_MAX)?,
            check_digit: fields::coded("card_pattern.check_digit", form.check_digit)?,
            description: fields::text(description, &form.description, DESCRIPTION_CHARS_MAX)?,
        };
        desk.change(operation).await?;
        Ok(Response::new(PutCardPatternResponse {}))
    }

    async fn remove_card_pattern(
        &self,
        request: Request<RemoveCardPatternRequest>,
    ) -> Result<Response<RemoveCardPatternResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let pattern = fields::text("pattern", &message.pattern, PATTERN_BYTES_MAX)?;
        desk.change(RemoveCardPattern { request_id, pattern }).await?;
        Ok(Response::new(RemoveCardPatternResponse {}))
    }

    async fn list_card_patterns(
        &self,
        request: Request<ListCardPatternsRequest>,
    ) -> Result<Response<ListCardPatternsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListCardPatterns { page }).await?;
        Ok(Response::new(ListCardPatternsResponse {
            card_patterns: page.rows.into_iter().map(pattern).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }
}

fn card(details: CardDetails) -> Card {
    let card = details.card;
    Card {
        card_number: card.number,
        state: i32::from(details.state.code()),
        state_began_at: Some(reply::timestamp(card.state_since)),
        valid_from: card.valid_from.to_string(),
        valid_until: card.valid_until.map(|date| date.to_string()).unwrap_or_default(),
        issuing_branch: details.issuing_branch,
        issued_on: card.issued_on.map(|date| date.to_string()).unwrap_or_default(),
        replaced_by: details.replaced_by.unwrap_or_default(),
        has_pin: details.has_pin,
    }
}

fn pattern(row: card_patterns::Model) -> CardPattern {
    CardPattern {
        pattern: row.pattern,
        check_digit: i32::from(row.check_digit),
        description: row.description,
    }
}
