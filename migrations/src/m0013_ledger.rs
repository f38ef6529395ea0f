//! Fees as a ledger: what is owed is the sum of entries that are added and never changed.

crate::ddl::migration!(
    "m0013_ledger",
    "
alter table fees add column step smallint not null default 0;
alter table fees add column item_id {ref};
alter table fees add column hold_id {uuid};
alter table fees add column card_id {ref};
alter table fees add column rule text;
alter table fees add column law smallint not null default 1;
alter table fees add column billed_at {instant};
alter table fees add column note text;

create unique index fees_of_loan on fees (loan_id, kind, step) where loan_id is not null;
create unique index fees_of_hold on fees (hold_id, kind) where hold_id is not null;
create index fees_by_patron on fees (patron_id, created_at);

create table payments (
    id {uuid} primary key,
    patron_id {ref} not null references patrons (id),
    channel smallint not null,
    operator text not null,
    order_id text not null,
    cents bigint not null check (cents > 0),
    refunded_cents bigint not null default 0 check (refunded_cents between 0 and cents),
    at {instant} not null,
    device_id {ref},
    branch_id {ref},
    recorded_by text not null,
    unique (operator, order_id)
);

create index payments_by_patron on payments (patron_id, at);

create table fee_entries (
    id {uuid} primary key,
    fee_id {uuid} not null references fees (id),
    kind smallint not null,
    cents bigint not null,
    at {instant} not null,
    recorded_by text not null,
    payment_id {uuid} references payments (id),
    grounds text
);

create index fee_entries_by_fee on fee_entries (fee_id);
create index fee_entries_by_payment on fee_entries (payment_id) where payment_id is not null;
"
);
