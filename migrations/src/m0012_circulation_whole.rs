//! Loans that are renewed, lost, claimed and billed; holds that freeze, wait at stops and in lockers; the loan history
//! that a patron asked for.
//!
//! What a check-out or a renewal replaced stays on the loan (`was_`), so that taking it back restores it.

crate::ddl::migration!(
    "m0012_circulation_whole",
    "
alter table titles add column price_cents bigint;

alter table items add column price_cents bigint;
alter table items add column note text;
alter table items add column state_since {instant};

alter table open_loans add column due_at {instant};
alter table open_loans add column state smallint not null default 1;
alter table open_loans add column state_since {instant};
alter table open_loans add column renewals smallint not null default 0;
alter table open_loans add column renewed_at {instant};
alter table open_loans add column notices_sent smallint not null default 0;
alter table open_loans add column reminded_for {date};
alter table open_loans add column was_item_state smallint;
alter table open_loans add column was_at_branch_id {ref};
alter table open_loans add column was_hold_id {uuid};
alter table open_loans add column was_due_on {date};
alter table open_loans add column was_due_at {instant};
alter table open_loans add column was_device_id {ref};
alter table open_loans add column renewals_made smallint not null default 0;

create index open_loans_by_due_date on open_loans (due_on);

alter table loan_history add column renewals smallint not null default 0;
create index loan_history_by_item on loan_history (item_id, returned_at);
create index loan_history_by_return on loan_history (returned_at);

alter table holds add column card_id {ref} references cards (id);
alter table holds add column only_branch_id {ref} references branches (id);
alter table holds add column pickup_stop_id {ref} references stops (id);
alter table holds add column pickup_locker_id {ref} references resources (id);
alter table holds add column frozen_until {date};
alter table holds add column valid_until {date};
alter table holds add column compartment text;
alter table holds add column reserved_until {instant};
alter table holds add column reserved_device_id {ref};
alter table holds add column closed_at {instant};
alter table holds add column closed_by text;

create index holds_ready on holds (pickup_branch_id, pickup_until) where state = 3;
create index holds_of_item on holds (kept_item_id) where kept_item_id is not null;

create table kept_history (
    id {uuid} primary key,
    patron_id {ref} not null references patrons (id),
    title_id {ref} not null references titles (id),
    lent_at {instant} not null,
    returned_at {instant} not null,
    for_patron boolean not null,
    for_home_service boolean not null
);

create index kept_history_by_patron on kept_history (patron_id, lent_at);
"
);
