//! What was decided and answered, and the policies by which.

crate::ddl::migration!(
    "m0004_records",
    "
create table audit (
    id {uuid} primary key,
    at {instant} not null,
    action text not null,
    granted boolean not null,
    reasons text not null,
    actor text not null,
    device_id {ref},
    branch_id {ref},
    subject {uuid},
    item_id {ref},
    loan_id {uuid},
    hold_id {uuid},
    request_id {uuid}
);

create table remembered_answers (
    device_id {ref} not null,
    request_id {uuid} not null,
    request_hash {bytes} not null,
    answer text not null,
    at {instant} not null,
    primary key (device_id, request_id)
);

create table policies (
    id {key},
    key text not null,
    value text not null,
    municipality text,
    branch_id {ref} references branches (id),
    category smallint,
    material text,
    valid_from {date} not null,
    valid_until {date},
    decision text not null
);

create table rulebook_version (
    singleton smallint primary key check (singleton = 1),
    version bigint not null
);

insert into rulebook_version (singleton, version) values (1, 1);
"
);
