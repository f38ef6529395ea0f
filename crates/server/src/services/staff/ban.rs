//! `BanService`.

use super::{fields, right};
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{self as wire, ban_service_server::BanService};
use kortisto_domain::bans::{
    BanState,
    placing::{BATCH_MAX, DECISION_MAKER_CHARS_MAX, GROUNDS_CHARS_MAX, STATEMENT_CHARS_MAX},
};
use kortisto_register::staff::bans::{BanRecord, BanTerms, GetBan, LiftBan, ListBans, PlaceBan, PlaceBans};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl BanService for Api {
    async fn place_ban(
        &self,
        request: Request<wire::PlaceBanRequest>,
    ) -> Result<Response<wire::PlaceBanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let patron_number = fields::code("patron_number", &message.patron_number)?;
        let terms = terms(message.terms)?;
        let ban_id = desk.change(PlaceBan { request_id, patron_number, terms }).await?;
        Ok(Response::new(wire::PlaceBanResponse { ban_id }))
    }

    async fn place_bans(
        &self,
        request: Request<wire::PlaceBansRequest>,
    ) -> Result<Response<wire::PlaceBansResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let patron_numbers = patron_numbers(&message.patron_numbers)?;
        let terms = terms(message.terms)?;
        let placed = desk.change(PlaceBans { request_id, patron_numbers, terms }).await?;
        Ok(Response::new(wire::PlaceBansResponse { batch_id: placed.batch.to_string(), ban_ids: placed.ids }))
    }

    async fn lift_ban(
        &self,
        request: Request<wire::LiftBanRequest>,
    ) -> Result<Response<wire::LiftBanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let ban_id = fields::key("ban_id", message.ban_id)?;
        let reason = fields::prose("reason", &message.reason, GROUNDS_CHARS_MAX)?;
        desk.change(LiftBan { request_id, ban_id, reason }).await?;
        Ok(Response::new(wire::LiftBanResponse {}))
    }

    async fn list_bans(
        &self,
        request: Request<wire::ListBansRequest>,
    ) -> Result<Response<wire::ListBansResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListBans {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            include_past: message.include_past,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        let next_page_token = page_token::of(page.next);
        Ok(Response::new(wire::ListBansResponse {
            bans: page.rows.into_iter().map(ban).collect(),
            next_page_token,
        }))
    }

    async fn get_ban(
        &self,
        request: Request<wire::GetBanRequest>,
    ) -> Result<Response<wire::GetBanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ban_id = fields::key("ban_id", message.ban_id)?;
        let purpose = fields::purpose(message.purpose)?;
        let shown = desk.view(GetBan { ban_id, purpose }).await?;
        Ok(Response::new(wire::GetBanResponse {
            ban: Some(ban(shown.ban)),
            patron_number: shown.patron_number,
            grounds: shown.grounds,
            decision_maker: shown.decision_maker.unwrap_or_default(),
            heard: shown.heard.unwrap_or_default(),
            appeal: shown.appeal.unwrap_or_default(),
            lift_reason: shown.lift_reason.unwrap_or_default(),
        }))
    }

    async fn grant_self_service_right(
        &self,
        request: Request<wire::GrantSelfServiceRightRequest>,
    ) -> Result<Response<wire::GrantSelfServiceRightResponse>, Status> {
        right::grant(self, request).await
    }

    async fn withdraw_self_service_right(
        &self,
        request: Request<wire::WithdrawSelfServiceRightRequest>,
    ) -> Result<Response<wire::WithdrawSelfServiceRightResponse>, Status> {
        right::withdraw(self, request).await
    }

    async fn list_self_service_rights(
        &self,
        request: Request<wire::ListSelfServiceRightsRequest>,
    ) -> Result<Response<wire::ListSelfServiceRightsResponse>, Status> {
        right::list(self, request).await
    }
}

fn terms(terms: Option<wire::BanTerms>) -> Result<BanTerms, Fault> {
    let terms = fields::message("terms", terms)?;
    Ok(BanTerms {
        kind: fields::coded("terms.kind", terms.kind)?,
        branch: fields::optional_code("terms.branch", &terms.branch)?,
        starts_at: fields::optional_instant("terms.starts_at", terms.starts_at)?,
        ends_at: fields::optional_instant("terms.ends_at", terms.ends_at)?,
        grounds: fields::prose("terms.grounds", &terms.grounds, GROUNDS_CHARS_MAX)?,
        decision_maker: fields::optional_text(
            "terms.decision_maker",
            &terms.decision_maker,
            DECISION_MAKER_CHARS_MAX,
        )?,
        heard: fields::optional_prose("terms.heard", &terms.heard, STATEMENT_CHARS_MAX)?,
        appeal: fields::optional_prose("terms.appeal", &terms.appeal, STATEMENT_CHARS_MAX)?,
    })
}

fn patron_numbers(numbers: &[String]) -> Result<Vec<String>, Fault> {
    if numbers.is_empty() || numbers.len() > BATCH_MAX {
        return Err(Fault::field("patron_numbers", format!("1 to {BATCH_MAX} numbers")));
    }
    numbers.iter().map(|number| fields::code("patron_numbers", number)).collect()
}

fn ban(record: BanRecord) -> wire::Ban {
    let state = match record.state {
        BanState::Ahead => wire::BanState::Ahead,
        BanState::InForce => wire::BanState::InForce,
        BanState::Ended => wire::BanState::Ended,
        BanState::Lifted => wire::BanState::Lifted,
    };
    wire::Ban {
        ban_id: record.id,
        kind: record.kind.code().into(),
        branch: record.branch.unwrap_or_default(),
        state: state.into(),
        starts_at: Some(reply::timestamp(record.starts_at)),
        ends_at: record.ends_at.map(reply::timestamp),
        placed_by: record.placed_by,
        placed_at: Some(reply::timestamp(record.placed_at)),
        batch_id: record.batch.map(|id| id.to_string()).unwrap_or_default(),
        lifted_by: record.lifted_by.unwrap_or_default(),
        lifted_at: record.lifted_at.map(reply::timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto_domain::{BanKind, RightKind};

    #[test]
    fn kinds_of_contract_and_register_have_the_same_numbers() {
        for kind in BanKind::ALL {
            let name = format!("BAN_KIND_{}", kind.word().to_uppercase().replace('-', "_"));
            assert_eq!(wire::BanKind::from_str_name(&name).map(i32::from), Some(kind.code().into()));
        }
        for kind in RightKind::ALL {
            let name = format!("RIGHT_KIND_{}", kind.word().to_uppercase().replace('-', "_"));
            assert_eq!(wire::RightKind::from_str_name(&name).map(i32::from), Some(kind.code().into()));
        }
    }
}
