//! `PatronService.SearchPatrons`: patrons by the beginning of a name, a birth date or a card, each hit in the trail.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::{PatronCategory, Purpose, names, registration};
use kortisto_store::{
    StoreError,
    entities::{cards, patrons},
    queries::patron_search::{self, Criterion, Place},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Patrons that one search shows at most, over all its pages: whoever needs more needs a narrower search. No rpc
/// hands out the register.
pub const HITS_MAX: u64 = 300;

/// What is searched by.
pub enum Wanted {
    /// The number of a card, whatever its state.
    Card(String),
    /// The beginning of the family name, or of family and given names; the birth date; or both.
    Person {
        /// As it was typed; folded here. None for every name.
        name: Option<String>,
        /// The birth date; none for every one.
        born: Option<NaiveDate>,
    },
}

/// Searches patrons.
pub struct SearchPatrons {
    /// What by.
    pub wanted: Wanted,
    /// Hits at most, 1 to 100.
    pub page_size: usize,
    /// The number of the last patron of the page before.
    pub after: Option<String>,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// A page of patrons.
pub struct Hits {
    /// In the order of names.
    pub hits: Vec<Hit>,
    /// After whom the next page begins; none on the last.
    pub next: Option<String>,
    /// Whether there are more than one search shows.
    pub too_many: bool,
}

/// A patron who was found. Nothing of where they live or how they are reached.
pub struct Hit {
    /// The row; callers show of it what a list needs.
    pub patron: patrons::Model,
    /// Code of the home branch.
    pub home_branch: String,
    /// Whether the patron is a child on the day of the question.
    pub is_child: bool,
}

impl StaffView for SearchPatrons {
    const RPC: StaffRpc = StaffRpc::SearchPatrons;
    type Answer = Hits;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Hits, RegisterError> {
        let (found, next, too_many) = match &self.wanted {
            Wanted::Card(number) => (holder(desk, number).await?, None, false),
            Wanted::Person { name, born } => {
                let criterion = criterion(name.as_deref(), *born)?;
                self.page(desk, &criterion).await?
            }
        };
        let rulebook = desk.rulebook().await?;
        let mut hits = Vec::with_capacity(found.len());
        for patron in found {
            desk.viewed(&patron);
            let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
            hits.push(Hit {
                home_branch: rulebook.branch_code(patron.home_branch_id).to_owned(),
                is_child: registration::is_child(category, patron.birth_date, desk.moment.today()),
                patron,
            });
        }
        Ok(Hits { hits, next, too_many })
    }
}

type Page = (Vec<patrons::Model>, Option<String>, bool);

impl SearchPatrons {
    async fn page(&self, desk: &StaffDesk<'_>, criterion: &Criterion) -> Result<Page, RegisterError> {
        let place = match &self.after {
            None => None,
            Some(number) => Some(place_of(desk, number, criterion).await?),
        };
        let shown = match &place {
            None => 0,
            Some(place) => patron_search::shown(desk.transaction, criterion, place, HITS_MAX).await?,
        };
        let room = usize::try_from(HITS_MAX - shown.min(HITS_MAX)).unwrap_or(0).min(self.page_size);
        // One row more tells whether there is a next page.
        let rows = u64::try_from(room + 1).unwrap_or(u64::MAX);
        let mut found = patron_search::page(desk.transaction, criterion, place.as_ref(), rows).await?;
        let more = found.len() > room;
        found.truncate(room);
        let at_end = shown + u64::try_from(room).unwrap_or(u64::MAX) >= HITS_MAX;
        let next = found.last().filter(|_| more && !at_end).map(|patron| patron.number.clone());
        Ok((found, next, more && at_end))
    }
}

/// The criterion, folded. Without one nobody is searched.
fn criterion(name: Option<&str>, born: Option<NaiveDate>) -> Result<Criterion, RegisterError> {
    let prefix = match name {
        None => String::new(),
        Some(typed) => names::search_prefix(typed).ok_or_else(|| RegisterError::FieldInvalid {
            field: "name",
            rule: format!("at least {} letters of the beginning of the name", names::PREFIX_LETTERS_MIN),
        })?,
    };
    if prefix.is_empty() && born.is_none() {
        let rule = "a name, a birth date or a card number is given".to_owned();
        return Err(RegisterError::FieldInvalid { field: "name", rule });
    }
    Ok(Criterion { prefix, born })
}

/// The place of the last patron of the page before, who has to fit the search: a page token is of one search only.
async fn place_of(desk: &StaffDesk<'_>, number: &str, criterion: &Criterion) -> Result<Place, RegisterError> {
    let patron = patrons::Entity::find()
        .filter(patrons::Column::Number.eq(number))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let fits = |patron: &patrons::Model| {
        patron.search_name.starts_with(&criterion.prefix)
            && criterion.born.is_none_or(|born| patron.birth_date == Some(born))
    };
    let patron = patron.filter(fits).ok_or_else(|| RegisterError::FieldInvalid {
        field: "page_token",
        rule: "the next_page_token of the last reply to the same search, or empty".to_owned(),
    })?;
    Ok(Place { search_name: patron.search_name, id: patron.id })
}

/// The patron of a card, in a list of one or none.
async fn holder(desk: &StaffDesk<'_>, card_number: &str) -> Result<Vec<patrons::Model>, RegisterError> {
    let card = cards::Entity::find()
        .filter(cards::Column::Number.eq(card_number))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let Some(card) = card else { return Ok(Vec::new()) };
    let patron =
        patrons::Entity::find_by_id(card.patron_id).one(desk.transaction).await.map_err(StoreError::from)?;
    Ok(patron.into_iter().collect())
}
