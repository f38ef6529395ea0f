//! Notices that wait to be delivered, and the texts they are made from.

crate::ddl::migration!(
    "m0014_notices",
    "
create table notice_templates (
    id {key},
    kind smallint not null,
    step smallint not null default 0,
    channel smallint not null,
    language text not null,
    subject text not null,
    body text not null,
    changed_at {instant} not null,
    changed_by text not null,
    unique (kind, step, channel, language)
);

create table notices (
    id {uuid} primary key,
    patron_id {ref} not null references patrons (id),
    kind smallint not null,
    step smallint not null default 0,
    channel smallint not null,
    once text not null unique,
    state smallint not null,
    created_at {instant} not null,
    next_try_at {instant},
    tries smallint not null default 0,
    taken_until {instant},
    sent_at {instant},
    proof text
);

create index notices_waiting on notices (next_try_at) where state = 1;
create index notices_by_patron on notices (patron_id, created_at);

create table notice_lines (
    notice_id {uuid} not null references notices (id),
    position smallint not null,
    loan_id {uuid},
    hold_id {uuid},
    fee_id {uuid},
    primary key (notice_id, position)
);
"
);
