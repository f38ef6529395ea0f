//! Past loans in the order of their returns, by which they are forgotten in batches. Many that were returned at one instant,
//! as by an import, would each time be sorted anew without their keys in the index.

crate::ddl::migration!(
    "m0024_returns_in_order",
    "
create index loan_history_in_order on loan_history (returned_at, id);
drop index loan_history_by_return;
"
);
