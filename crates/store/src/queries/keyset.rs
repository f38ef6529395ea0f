//! The next page of rows that are ordered by two columns.

use sea_orm::{
    ColumnTrait, Value,
    sea_query::{Expr, ExprTrait as _},
};

/// The rows that come after this one, which need not be there any more. Both columns ascend; the second one is unique. It
/// takes an index of both to get right there, past all that are alike in the first one; on SQLite, none leads there by an integer
/// that is the primary key.
pub fn behind<F: ColumnTrait, S: ColumnTrait>(
    (first, at): (F, impl Into<Value>),
    (second, id): (S, impl Into<Value>),
) -> Expr {
    let there = Expr::tuple([Expr::val(at), Expr::val(id)]);
    Expr::tuple([Expr::col(first.as_column_ref()), Expr::col(second.as_column_ref())]).gt(there)
}
