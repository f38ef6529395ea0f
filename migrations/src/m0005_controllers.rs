//! Controllers and their membership (A1 to A3), municipality codes, where and when patrons are served, and
//! what became of policies.

crate::ddl::migration!(
    "m0005_controllers",
    "
create table controllers (
    municipality text primary key,
    name text not null,
    business_id text,
    officer text not null,
    contact text not null,
    data_protection_officer text not null
);

create table memberships (
    id {key},
    municipality text not null references controllers (municipality),
    valid_from {date} not null,
    valid_until {date},
    decision text not null,
    end_decision text
);

create index memberships_by_municipality on memberships (municipality);

create table municipality_codes (
    code text not null,
    name_fi text not null,
    name_sv text not null,
    valid_from {date} not null,
    valid_until {date},
    successor text,
    primary key (code, valid_from)
);

alter table branches add column kind smallint not null default 1;
alter table branches add column isil text;

create table stops (
    id {key},
    branch_id {ref} not null references branches (id),
    code text not null,
    name text not null,
    municipality text not null,
    unique (branch_id, code)
);

create table opening_exceptions (
    id {key},
    branch_id {ref} not null references branches (id),
    day {date} not null,
    opens_minute smallint not null check (opens_minute between 0 and 1439),
    closes_minute smallint not null check (closes_minute between 1 and 1440),
    mode smallint not null,
    note text not null,
    check (opens_minute < closes_minute)
);

create index opening_exceptions_by_branch on opening_exceptions (branch_id, day);

create table policy_changes (
    id {key},
    rulebook_version bigint not null,
    changed_at {instant} not null,
    changed_by text not null,
    key text not null,
    municipality text,
    branch_id {ref} references branches (id),
    category smallint,
    material text,
    valid_from {date} not null,
    valid_until {date},
    old_value text,
    new_value text not null,
    decision text not null
);

create index policy_changes_by_key on policy_changes (key, id);
"
);
