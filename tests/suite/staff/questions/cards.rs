//! `CardService`, `PinService` and `IdentityCodeService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    BlockCardRequest, CardPattern, CheckDigit, FindPatronByIdentityCodeRequest, IdentityDocument,
    IssueCardRequest, IssuePinRequest, ListCardPatternsRequest, ListCardsRequest, PutCardPatternRequest,
    RecordIdentityCodeRequest, ReleasePinRequest, RemoveCardPatternRequest, ReplaceCardRequest,
    ReportCardLostRequest, ResetPinRequest, ReturnCardRequest, RevealIdentityCodeRequest, UnblockCardRequest,
};
use kortisto_domain::{CardState, CheckDigit as Check};
use kortisto_store::entities::card_patterns;
use kortisto_testkit::register::{PatronSeed, new_card_number, new_identity_code};
use prost_reflect::DynamicMessage;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

const PASSPORT: i32 = IdentityDocument::Passport as i32;

/// A patron without a usable card, who may get one.
fn without_card() -> PatronSeed {
    PatronSeed { card_state: CardState::Returned, pin: None, ..PatronSeed::default() }
}

pub(super) async fn card(world: &World, method: &str) -> Option<DynamicMessage> {
    Some(match method {
        "IssueCard" => {
            let patron_number = world.t.patron_with(without_card()).await.number;
            let request = IssueCardRequest {
                patron_number,
                card_number: new_card_number(),
                identity_document: PASSPORT,
                ..Default::default()
            };
            dynamic("IssueCardRequest", &request)
        }
        "ReplaceCard" => {
            let card_number = world.t.patron().await.card;
            let request = ReplaceCardRequest {
                card_number,
                new_card_number: new_card_number(),
                identity_document: PASSPORT,
                ..Default::default()
            };
            dynamic("ReplaceCardRequest", &request)
        }
        "ReportCardLost" => {
            let card_number = world.t.patron().await.card;
            dynamic("ReportCardLostRequest", &ReportCardLostRequest { card_number, ..Default::default() })
        }
        "BlockCard" => {
            let card_number = world.t.patron().await.card;
            let reason = "found in a bus".to_owned();
            dynamic("BlockCardRequest", &BlockCardRequest { card_number, reason, ..Default::default() })
        }
        "UnblockCard" => {
            let blocked = PatronSeed { card_state: CardState::Blocked, ..PatronSeed::default() };
            let card_number = world.t.patron_with(blocked).await.card;
            let reason = "brought back".to_owned();
            dynamic("UnblockCardRequest", &UnblockCardRequest { card_number, reason, ..Default::default() })
        }
        "ReturnCard" => {
            let card_number = world.t.patron().await.card;
            dynamic("ReturnCardRequest", &ReturnCardRequest { card_number, ..Default::default() })
        }
        "ListCards" => {
            let patron_number = world.t.patron().await.number;
            dynamic("ListCardsRequest", &ListCardsRequest { patron_number, ..Default::default() })
        }
        "PutCardPattern" => {
            let form = CardPattern {
                // Beside the one that the cards of the test kit have.
                pattern: format!("[0-9A-Z]+|{}", new_card_number()),
                check_digit: CheckDigit::None.into(),
                description: "one more".to_owned(),
            };
            let request = PutCardPatternRequest { card_pattern: Some(form), ..Default::default() };
            dynamic("PutCardPatternRequest", &request)
        }
        "RemoveCardPattern" => {
            let pattern = format!("[0-9A-Z]+|{}", new_card_number());
            card_patterns::ActiveModel {
                pattern: Set(pattern.clone()),
                check_digit: Set(Check::None.code()),
                description: Set("to be removed".to_owned()),
                ..Default::default()
            }
            .insert(world.t.store.writer())
            .await
            .unwrap();
            dynamic("RemoveCardPatternRequest", &RemoveCardPatternRequest { pattern, ..Default::default() })
        }
        "ListCardPatterns" => dynamic("ListCardPatternsRequest", &ListCardPatternsRequest::default()),
        _ => return None,
    })
}

pub(super) async fn pin(world: &World, method: &str) -> Option<DynamicMessage> {
    Some(match method {
        "IssuePin" => {
            let card_number =
                world.t.patron_with(PatronSeed { pin: None, ..PatronSeed::default() }).await.card;
            let request = IssuePinRequest { card_number, identity_document: PASSPORT, ..Default::default() };
            dynamic("IssuePinRequest", &request)
        }
        "ResetPin" => {
            let card_number = world.t.patron().await.card;
            let request = ResetPinRequest { card_number, identity_document: PASSPORT, ..Default::default() };
            dynamic("ResetPinRequest", &request)
        }
        "ReleasePin" => {
            let card_number = world.t.patron().await.card;
            dynamic("ReleasePinRequest", &ReleasePinRequest { card_number, ..Default::default() })
        }
        _ => return None,
    })
}

pub(super) async fn identity_code(world: &World, method: &str) -> Option<DynamicMessage> {
    let unknown_birth = PatronSeed { born: None, ..PatronSeed::default() };
    let patron_number = world.t.patron_with(unknown_birth).await.number;
    let identity_code = new_identity_code();
    Some(match method {
        "RecordIdentityCode" => {
            let request = RecordIdentityCodeRequest { patron_number, identity_code, ..Default::default() };
            dynamic("RecordIdentityCodeRequest", &request)
        }
        "FindPatronByIdentityCode" => {
            let request = FindPatronByIdentityCodeRequest { identity_code, ..Default::default() };
            dynamic("FindPatronByIdentityCodeRequest", &request)
        }
        "RevealIdentityCode" => {
            let request = RevealIdentityCodeRequest { patron_number, ..Default::default() };
            dynamic("RevealIdentityCodeRequest", &request)
        }
        _ => return None,
    })
}
