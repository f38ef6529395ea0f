//! What the demo's library holds. It comes in by the imports that everybody uses.

use super::super::{Failure, open};
use crate::config::Config;
use kortisto_domain::HoldState;
use kortisto_register::{
    Register,
    imports::{ImportKind, ImportOptions, Source, import},
};
use kortisto_store::{
    StoreError,
    entities::{cards, holds, titles},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use std::time::Duration;
use tokio::time::Instant;

/// Aino's card and PIN: an adult with everything in order.
pub(super) const AINO: (&str, &str) = ("153A0000001", "2749");
/// Eero's: a child of eleven.
pub(super) const EERO: (&str, &str) = ("153A0000002", "8316");
/// Siv's, who speaks Swedish.
pub(super) const SIV: (&str, &str) = ("153A0000003", "5068");
/// The items, by what they are.
pub(super) const NOVEL: &str = "153N0000001";
pub(super) const HELD_BOOK: &str = "153N0000003";
pub(super) const GAME_FOR_ADULTS: &str = "153N0000004";
/// The title that Aino has a hold on.
const HELD_TITLE: &str = "t3";

/// How long one import may take.
const DEADLINE: Duration = Duration::from_secs(60);

const FILES: [(ImportKind, &str); 5] = [
    (ImportKind::Branches, include_str!("library/branches.csv")),
    (ImportKind::Policies, include_str!("library/policies.csv")),
    (ImportKind::Titles, include_str!("library/titles.csv")),
    (ImportKind::Items, include_str!("library/items.csv")),
    (ImportKind::Patrons, include_str!("library/patrons.csv")),
];

/// Imports what is not there yet, and sees to it that Aino waits for a book.
pub(super) async fn stock(register: &Register, config: &Config) -> Result<(), Failure> {
    for (kind, text) in FILES {
        let source =
            Source::spool(text.as_bytes(), kind.word()).map_err(|error| Failure::of("library", &error))?;
        let options = ImportOptions { keys: Some(open::keys(config)?), ..ImportOptions::default() };
        let deadline = Instant::now() + DEADLINE;
        let report = import(register.store(), register.surroundings(), kind, source, options, deadline)
            .await
            .map_err(|error| Failure::of("library", &error))?;
        println!("  {report}");
    }
    place_hold(register).await.map_err(|error| Failure::of("library", &error))
}

/// Lets Aino wait for a book, unless she does already.
pub(super) async fn place_hold(register: &Register) -> Result<(), StoreError> {
    let (surroundings, deadline) = (register.surroundings().clone(), Instant::now() + DEADLINE);
    register
        .store()
        .unit_of_work("demo_hold", deadline, move |transaction| {
            let surroundings = surroundings.clone();
            Box::pin(async move {
                let card =
                    cards::Entity::find().filter(cards::Column::Number.eq(AINO.0)).one(transaction).await?;
                let title = titles::Entity::find()
                    .filter(titles::Column::Number.eq(HELD_TITLE))
                    .one(transaction)
                    .await?;
                let (Some(card), Some(title)) = (card, title) else { return Ok(()) };
                let waits = [HoldState::Pending, HoldState::InTransit, HoldState::Ready].map(HoldState::code);
                let there = holds::Entity::find()
                    .filter(holds::Column::PatronId.eq(card.patron_id))
                    .filter(holds::Column::TitleId.eq(title.id))
                    .filter(holds::Column::State.is_in(waits))
                    .one(transaction)
                    .await?;
                if there.is_some() {
                    return Ok(());
                }
                let now = surroundings.clock.now();
                holds::ActiveModel {
                    id: Set(surroundings.new_id(now)),
                    queue_number: Set(now.timestamp_micros()),
                    patron_id: Set(card.patron_id),
                    title_id: Set(title.id),
                    pickup_branch_id: Set(card.issuing_branch_id),
                    state: Set(HoldState::Pending.code()),
                    placed_at: Set(now),
                    ..Default::default()
                }
                .insert(transaction)
                .await?;
                Ok(())
            })
        })
        .await
}
