//! Titles, items, loans, holds and fees.
//!
//! An open loan is a row of its own table keyed by its item: one open loan per item is the primary
//! key, not a rule. A return moves the row to the history, where it keeps its id.

crate::ddl::migration!(
    "m0003_circulation",
    "
create table titles (
    id {key},
    number text not null unique,
    label text not null,
    material text not null,
    language text not null,
    age_rating smallint
);

create table items (
    id {key},
    barcode text not null unique,
    title_id {ref} not null references titles (id),
    home_branch_id {ref} not null references branches (id),
    collection text not null,
    state smallint not null,
    at_branch_id {ref} not null references branches (id),
    kept_for_hold_id {uuid}
);

create index items_by_title on items (title_id);

create table open_loans (
    item_id {ref} primary key references items (id),
    id {uuid} not null,
    patron_id {ref} not null references patrons (id),
    card_id {ref} not null references cards (id),
    branch_id {ref} not null references branches (id),
    device_id {ref} not null references devices (id),
    material text not null,
    lent_at {instant} not null,
    due_on {date} not null
);

create index open_loans_by_patron on open_loans (patron_id);

create table loan_history (
    id {uuid} primary key,
    item_id {ref} not null references items (id),
    patron_id {ref} not null references patrons (id),
    card_id {ref} not null references cards (id),
    branch_id {ref} not null references branches (id),
    device_id {ref} not null references devices (id),
    material text not null,
    lent_at {instant} not null,
    due_on {date} not null,
    returned_at {instant} not null,
    returned_branch_id {ref} not null references branches (id),
    returned_device_id {ref} not null references devices (id)
);

create table holds (
    id {uuid} primary key,
    queue_number bigint not null,
    patron_id {ref} not null references patrons (id),
    title_id {ref} not null references titles (id),
    only_item_id {ref} references items (id),
    pickup_branch_id {ref} not null references branches (id),
    state smallint not null,
    placed_at {instant} not null,
    kept_item_id {ref} references items (id),
    ready_at {instant},
    pickup_until {date},
    pickup_number text
);

create index holds_queue on holds (title_id, queue_number) where state = 1;
create index holds_by_patron on holds (patron_id) where state in (1, 2, 3);

create table fees (
    id {uuid} primary key,
    patron_id {ref} not null references patrons (id),
    municipality text not null,
    kind text not null,
    amount_cents bigint not null,
    open_cents bigint not null check (open_cents >= 0),
    created_at {instant} not null,
    loan_id {uuid}
);

create index fees_open on fees (patron_id) where open_cents > 0;
"
);
