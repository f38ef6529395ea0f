//! Branches with their opening hours and resources. Few, so they are compared and written one by one.

mod hours;
mod in_use;
mod resources;

use super::{
    FaultList, ImportError, ImportKind, RowFault,
    kind::{Kind, Parser, Placed, Work},
    layout::{Layout, columns},
    report::Counts,
    row::Row,
};
use hours::Window;
use kortisto_domain::{
    BranchKind,
    places::codes::{self, MUNICIPALITY_DIGITS},
};
use kortisto_store::{
    StoreError,
    entities::{branches, opening_windows},
    queries::rulebook,
};
use resources::ResourceSpec;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use std::collections::{BTreeSet, HashMap};

/// Longest name of a branch, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) const LAYOUTS: &[Layout] = &[Layout {
    mark: None,
    private: false,
    columns: columns! { Required: "code" "name" "municipality"; Optional: "kind" "isil" "hours" "resources"; },
}];

pub(crate) struct BranchParser;

pub(crate) struct ParsedBranch {
    code: String,
    name: String,
    municipality: String,
    /// None when the file does not say it: what is there stays.
    kind: Option<BranchKind>,
    /// None when the file has no such column: what is there stays.
    isil: Option<Option<String>>,
    /// None when the file has no such column: what is there stays.
    hours: Option<BTreeSet<Window>>,
    /// None when the file has no such column: what is there stays.
    resources: Option<Vec<ResourceSpec>>,
}

impl Parser for BranchParser {
    type Row = ParsedBranch;

    fn parse(&self, row: &mut Row<'_>) -> Option<ParsedBranch> {
        let code = row.unique_code("code");
        let name = row.text("name", NAME_CHARS_MAX);
        let municipality = row.digits("municipality", MUNICIPALITY_DIGITS);
        let kind = row.optional_word("kind", BranchKind::ALL, BranchKind::word);
        let isil = if row.has("isil") { isil(row).map(Some) } else { Some(None) };
        let hours = if row.has("hours") { hours::read(row).map(Some) } else { Some(None) };
        let resources = if row.has("resources") { resources::read(row).map(Some) } else { Some(None) };
        Some(ParsedBranch {
            code: code?,
            name: name?,
            municipality: municipality?,
            kind: kind?,
            isil: isil?,
            hours: hours?,
            resources: resources?,
        })
    }
}

/// An ISIL that no other row has, or nothing.
fn isil(row: &mut Row<'_>) -> Option<Option<String>> {
    let text = row.raw("isil")?;
    if text.is_empty() {
        return Some(None);
    }
    if !codes::is_isil(text) {
        row.fault("isil", "no ISIL", "a prefix, a hyphen and the unit, for example FI-H, or nothing");
        return None;
    }
    row.first("isil", text, "an ISIL that no other row has")?;
    Some(Some(text.to_owned()))
}

pub(crate) struct Branches {
    there: HashMap<String, branches::Model>,
    changed_any: bool,
}

impl Kind for Branches {
    const KIND: ImportKind = ImportKind::Branches;
    type Parser = BranchParser;

    async fn start(work: &Work<'_>) -> Result<(Self, BranchParser), ImportError> {
        let all = branches::Entity::find().all(work.transaction).await.map_err(StoreError::from)?;
        let there = all.into_iter().map(|branch| (branch.code.clone(), branch)).collect();
        Ok((Self { there, changed_any: false }, BranchParser))
    }

    async fn apply(
        &mut self,
        work: &Work<'_>,
        rows: Vec<Placed<ParsedBranch>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        let mut counts = Counts::default();
        if !faults.is_empty() {
            return Ok(counts);
        }
        for Placed { line, row } in rows {
            if let Some(other) = self.other_of_isil(&row) {
                faults.push(RowFault {
                    line,
                    column: "isil",
                    value: row.isil.flatten().as_deref().map(RowFault::shown),
                    reason: format!("branch {other} has it"),
                    right: "an ISIL that no other branch has".to_owned(),
                });
                continue;
            }
            let there = self.there.get(&row.code);
            if let Some(there) = there {
                let in_use = in_use::faults(work, line, there, &row).await?;
                if !in_use.is_empty() {
                    in_use.into_iter().for_each(|fault| faults.push(fault));
                    continue;
                }
            }
            let (id, own_changed) = keep(work, there, &row).await?;
            let hours_changed = match &row.hours {
                Some(hours) => keep_hours(work, id, hours).await?,
                None => false,
            };
            let resources_changed = match &row.resources {
                Some(resources) => resources::keep(work, id, resources).await?,
                None => false,
            };
            match there {
                None => counts.created += 1,
                Some(_) if own_changed || hours_changed || resources_changed => counts.changed += 1,
                Some(_) => counts.unchanged += 1,
            }
        }
        self.changed_any |= counts.created + counts.changed > 0;
        Ok(counts)
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        if faults.is_empty() && self.changed_any {
            rulebook::touch(work.transaction).await?;
        }
        Ok(Counts::default())
    }
}

impl Branches {
    /// The code of another branch that has the ISIL already.
    fn other_of_isil(&self, row: &ParsedBranch) -> Option<&str> {
        let isil = row.isil.as_ref()?.as_ref()?;
        let mut others = self.there.values().filter(|there| there.code != row.code);
        others.find(|there| there.isil.as_ref() == Some(isil)).map(|there| there.code.as_str())
    }
}

/// Writes the branch itself where it is new or differs; gives its key and whether it was written.
async fn keep(
    work: &Work<'_>,
    there: Option<&branches::Model>,
    row: &ParsedBranch,
) -> Result<(i64, bool), StoreError> {
    let kind = row.kind.map(BranchKind::code);
    if let Some(there) = there {
        let is_as = there.name == row.name
            && there.municipality == row.municipality
            && kind.is_none_or(|kind| kind == there.kind)
            && row.isil.as_ref().is_none_or(|isil| *isil == there.isil);
        if is_as {
            return Ok((there.id, false));
        }
    }
    let mut model: branches::ActiveModel =
        there.cloned().map_or_else(Default::default, branches::Model::into_active_model);
    model.code = Set(row.code.clone());
    model.name = Set(row.name.clone());
    model.municipality = Set(row.municipality.clone());
    if let Some(kind) = kind {
        model.kind = Set(kind);
    }
    if let Some(isil) = &row.isil {
        model.isil = Set(isil.clone());
    }
    let written = if there.is_none() {
        model.insert(work.transaction).await
    } else {
        model.update(work.transaction).await
    };
    Ok((written?.id, true))
}

/// Replaces the hours that have no last day, where they differ. Hours of a season stay.
async fn keep_hours(work: &Work<'_>, branch: i64, wanted: &BTreeSet<Window>) -> Result<bool, StoreError> {
    let standing =
        [opening_windows::Column::BranchId.eq(branch), opening_windows::Column::ValidUntil.is_null()];
    let standing = standing.into_iter().fold(Condition::all(), Condition::add);
    let there = opening_windows::Entity::find().filter(standing.clone()).all(work.transaction).await?;
    let there = there.iter().map(Window::of).collect::<Option<BTreeSet<_>>>();
    if there.as_ref() == Some(wanted) {
        return Ok(false);
    }
    opening_windows::Entity::delete_many().filter(standing).exec(work.transaction).await?;
    for window in wanted {
        window.row(branch, work.today).insert(work.transaction).await?;
    }
    Ok(true)
}
