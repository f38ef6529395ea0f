//! The doors, PCs and lockers of a branch in one field: `main-door:door:pin; pc-1:pc:min_age=13`.

use crate::imports::{
    kind::Work,
    row::{CODE_CHARS_MAX, Row},
};
use kortisto_domain::ResourceKind;
use kortisto_store::{StoreError, entities::resources};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    ModelTrait as _, QueryFilter as _,
};
use std::collections::HashMap;

/// Resources of one branch at most.
const RESOURCES_MAX: usize = 200;
/// The highest age limit, in years.
const MIN_AGE_MAX: i16 = 18;
/// What a field of resources looks like.
const RIGHT: &str = "resources separated by semicolons, for example `main-door:door:pin; pc-1:pc:min_age=13`: a \
                     code that no other has, then door, pc or locker, then, where they apply, pin and \
                     min_age=0 to 18";

/// A resource as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceSpec {
    pub(super) code: String,
    kind: ResourceKind,
    asks_pin: bool,
    min_age: Option<i16>,
}

/// The resources of a row; none when the field is empty.
pub(super) fn read(row: &mut Row<'_>) -> Option<Vec<ResourceSpec>> {
    let specs = specs(row.raw("resources")?);
    if specs.is_none() {
        row.fault("resources", "not a list of resources", RIGHT);
    }
    specs
}

fn specs(field: &str) -> Option<Vec<ResourceSpec>> {
    let mut all: Vec<ResourceSpec> = Vec::new();
    for part in field.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let mut words = part.split(':').map(str::trim);
        let code = words.next()?.to_owned();
        let printable = code.chars().all(|c| c.is_ascii_graphic());
        if code.is_empty()
            || code.len() > CODE_CHARS_MAX
            || !printable
            || all.iter().any(|spec| spec.code == code)
        {
            return None;
        }
        let kind = ResourceKind::from_word(words.next()?)?;
        let mut spec = ResourceSpec { code, kind, asks_pin: false, min_age: None };
        for word in words {
            match (word, word.strip_prefix("min_age=")) {
                ("pin", _) if !spec.asks_pin => spec.asks_pin = true,
                (_, Some(years)) if spec.min_age.is_none() => spec.min_age = Some(age(years)?),
                _ => return None,
            }
        }
        all.push(spec);
    }
    (all.len() <= RESOURCES_MAX).then_some(all)
}

fn age(text: &str) -> Option<i16> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|years| (0..=MIN_AGE_MAX).contains(years))
}

/// Makes the resources of a branch those of the file; gives whether anything was written.
pub(super) async fn keep(work: &Work<'_>, branch: i64, wanted: &[ResourceSpec]) -> Result<bool, StoreError> {
    let found = resources::Entity::find()
        .filter(resources::Column::BranchId.eq(branch))
        .all(work.transaction)
        .await?;
    let mut there: HashMap<String, resources::Model> =
        found.into_iter().map(|resource| (resource.code.clone(), resource)).collect();
    let mut changed = false;
    for spec in wanted {
        let found = there.remove(&spec.code);
        if found.as_ref().is_some_and(|found| is_as(found, spec)) {
            continue;
        }
        changed = true;
        let is_new = found.is_none();
        let mut model: resources::ActiveModel =
            found.map_or_else(Default::default, resources::Model::into_active_model);
        model.branch_id = Set(branch);
        model.code = Set(spec.code.clone());
        model.kind = Set(spec.kind.code());
        model.asks_pin = Set(spec.asks_pin);
        model.min_age = Set(spec.min_age);
        if is_new {
            model.insert(work.transaction).await?;
        } else {
            model.update(work.transaction).await?;
        }
    }
    for gone in there.into_values() {
        changed = true;
        gone.delete(work.transaction).await?;
    }
    Ok(changed)
}

fn is_as(there: &resources::Model, spec: &ResourceSpec) -> bool {
    there.kind == spec.kind.code() && there.asks_pin == spec.asks_pin && there.min_age == spec.min_age
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_with_what_applies_to_them() {
        let read = specs("main-door:door:pin; pc-1:pc:min_age=13:pin ;box:locker").unwrap();
        let spec = |code: &str, kind, asks_pin, min_age| ResourceSpec {
            code: code.to_owned(),
            kind,
            asks_pin,
            min_age,
        };
        assert_eq!(
            read,
            [
                spec("main-door", ResourceKind::Door, true, None),
                spec("pc-1", ResourceKind::Pc, true, Some(13)),
                spec("box", ResourceKind::Locker, false, None),
            ]
        );
        assert_eq!(specs(""), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        for bad in [
            "door",
            "a:gate",
            ":door",
            "a:door:pins",
            "a:door:pin:pin",
            "a:pc:min_age=19",
            "a:pc:min_age=+3",
            "a:pc:min_age=",
            "a:door; a:pc",
            "a b:door",
        ] {
            assert_eq!(specs(bad), None, "{bad}");
        }
    }
}
