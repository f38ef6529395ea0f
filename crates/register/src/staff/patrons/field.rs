//! One field of a change, and what becomes of it.

use crate::staff::FieldChange;
use serde::Serialize;

/// What a change does to a field that may be empty.
#[derive(Clone, Copy, Default, Serialize)]
pub enum Field<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Empties it.
    Clear,
    /// Gives it this value.
    Set(T),
}

impl<T: Clone> Field<T> {
    /// What the field holds afterwards.
    pub(super) fn over(&self, current: &Option<T>) -> Option<T> {
        match self {
            Self::Keep => current.clone(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

/// The fields that differ, for the trail.
#[derive(Default)]
pub(super) struct Differences(Vec<FieldChange>);

impl Differences {
    /// Puts a value in its place and notes it where it differs.
    pub(super) fn put<T: PartialEq>(
        &mut self,
        field: &'static str,
        place: &mut T,
        wanted: T,
        show: impl Fn(&T) -> Option<String>,
    ) {
        if *place != wanted {
            self.0.push(FieldChange::new(field, show(place), show(&wanted)));
            *place = wanted;
        }
    }

    /// The same for a text that is never missing.
    pub(super) fn put_text(&mut self, field: &'static str, place: &mut String, wanted: Option<&String>) {
        if let Some(wanted) = wanted {
            self.put(field, place, wanted.clone(), |text| (!text.is_empty()).then(|| text.clone()));
        }
    }

    /// The same for what may be missing and shows itself.
    pub(super) fn put_optional<T: PartialEq + Clone + ToString>(
        &mut self,
        field: &'static str,
        place: &mut Option<T>,
        wanted: &Field<T>,
    ) {
        let wanted = wanted.over(place);
        self.put(field, place, wanted, |value| value.as_ref().map(T::to_string));
    }

    /// Notes a change that was made already.
    pub(super) fn note(&mut self, change: FieldChange) {
        self.0.push(change);
    }

    pub(super) fn into_changes(self) -> Vec<FieldChange> {
        self.0
    }
}
