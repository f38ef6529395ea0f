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
    state smallint not null default 1,
    created_at {instant} not null,
    next_try_at {instant},
    tries smallint not null default 0,
    taken_by {uuid},
    taken_until {instant},
    channel smallint,
    sent_to_id {ref} references patrons (id),
    reason smallint,
    sent_at {instant},
    proof text
);

create index notices_waiting on notices (next_try_at) where state = 1;
create index notices_by_patron on notices (patron_id, id);
create index notices_by_recipient on notices (sent_to_id) where sent_to_id is not null;

create table notice_lines (
    notice_id {uuid} not null references notices (id),
    position smallint not null,
    cause text not null unique,
    item_id {ref},
    loan_id {uuid},
    due_on {date},
    hold_id {uuid},
    primary key (notice_id, position)
);

create index notice_lines_of_loan on notice_lines (loan_id) where loan_id is not null;
create index notice_lines_of_hold on notice_lines (hold_id) where hold_id is not null;
"
);
