//! The next page of rows that are ordered by two columns.

use sea_orm::{ColumnTrait, Condition, Value};

/// The rows that come after this one, which need not be there any more. Both columns ascend; the second one is unique.
pub fn behind<F: ColumnTrait, S: ColumnTrait>(
    (first, at): (F, impl Into<Value>),
    (second, id): (S, impl Into<Value>),
) -> Condition {
    let at: Value = at.into();
    let same = Condition::all().add(first.eq(at.clone())).add(second.gt(id));
    // An index takes its start from the plain bound, which the alternatives do not give it.
    Condition::all().add(first.gte(at.clone())).add(Condition::any().add(first.gt(at)).add(same))
}
