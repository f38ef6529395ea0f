//! Numbers, support ids and hold aliases of new patrons: drawn by chance, and nobody else's.

use crate::{RegisterError, Surroundings};
use kortisto_domain::aliases::{AliasForm, HOLD_ALIAS, PATRON_NUMBER, RANDOM_BYTES, SUPPORT_ID};
use kortisto_store::{StoreError, entities::patrons, queries::bulk};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use std::collections::HashSet;

/// How often all that were taken are drawn again. With a million patrons one in a thousand is taken.
const DRAWS_MAX: usize = 8;

/// The names of one new patron.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewNames {
    /// What help staff may be told.
    pub(crate) support_id: String,
    /// What stands on the hold shelf.
    pub(crate) hold_alias: String,
}

impl NewNames {
    /// Of a patron who has them already.
    pub(crate) const NONE: Self = Self { support_id: String::new(), hold_alias: String::new() };
}

/// Support ids and hold aliases for so many new patrons.
///
/// # Errors
/// [`StoreError`]; also when chance gives nothing but names that are taken.
pub(crate) async fn draw(
    connection: &impl ConnectionTrait,
    surroundings: &Surroundings,
    patrons: usize,
) -> Result<Vec<NewNames>, StoreError> {
    let support_ids = draw_unused(connection, surroundings, SUPPORT_ID, patrons).await?;
    let hold_aliases = draw_unused(connection, surroundings, HOLD_ALIAS, patrons).await?;
    let pairs = support_ids.into_iter().zip(hold_aliases);
    Ok(pairs.map(|(support_id, hold_alias)| NewNames { support_id, hold_alias }).collect())
}

/// A number for a patron that staff register.
pub(crate) async fn draw_number(
    connection: &impl ConnectionTrait,
    surroundings: &Surroundings,
) -> Result<String, RegisterError> {
    for _ in 0..DRAWS_MAX {
        let number = one(surroundings, PATRON_NUMBER);
        let taken = patrons::Entity::find()
            .select_only()
            .column(patrons::Column::Id)
            .filter(patrons::Column::Number.eq(number.as_str()))
            .into_tuple::<i64>()
            .one(connection)
            .await
            .map_err(StoreError::from)?;
        if taken.is_none() {
            return Ok(number);
        }
    }
    Err(RegisterError::Internal("every number drawn for a patron is taken"))
}

async fn draw_unused(
    connection: &impl ConnectionTrait,
    surroundings: &Surroundings,
    form: AliasForm,
    count: usize,
) -> Result<Vec<String>, StoreError> {
    let mut drawn: HashSet<String> = HashSet::with_capacity(count);
    for _ in 0..DRAWS_MAX {
        let mut fresh = HashSet::with_capacity(count - drawn.len());
        while drawn.len() + fresh.len() < count {
            let name = one(surroundings, form);
            if !drawn.contains(&name) {
                fresh.insert(name);
            }
        }
        let taken = bulk::patrons::taken(connection, fresh.iter().map(String::as_str)).await?;
        for name in taken {
            fresh.remove(&name);
        }
        drawn.extend(fresh);
        if drawn.len() == count {
            return Ok(drawn.into_iter().collect());
        }
    }
    Err(StoreError::Conflict)
}

fn one(surroundings: &Surroundings, form: AliasForm) -> String {
    let mut random = [0; RANDOM_BYTES];
    surroundings.random.fill(&mut random);
    form.draw(&random)
}
