//! What jobs go through in batches, in the order in which they do. Without the keys in an index, rows that share an instant or
//! a day would be sorted anew for each batch. Four of these indexes take the place of those that ended with the first column.

crate::ddl::migration!(
    "m0024_batches_in_order",
    "
create index loan_history_in_order on loan_history (returned_at, id);
drop index loan_history_by_return;

create index holds_uncollected on holds (pickup_until, id) where state = 3 and pickup_until is not null;

drop index holds_by_end;
create index holds_ending on holds (valid_until, id) where state = 1 and valid_until is not null;

drop index holds_closed;
create index holds_closed_in_order on holds (closed_at, id) where closed_at is not null;

create index open_loans_in_order on open_loans (due_on, id);
drop index open_loans_by_due_date
"
);
