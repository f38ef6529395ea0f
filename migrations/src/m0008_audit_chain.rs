//! Who, why and what of an audit row, and the chain that shows whether a row was changed or taken out.
//!
//! Old and new values stand apart from the row: the row keeps only a salted hash of them, so that erasing a
//! person's values leaves the chain whole.

crate::ddl::migration!(
    "m0008_audit_chain",
    "
alter table audit add column staff_account_id {ref};
alter table audit add column staff_session_id {uuid};
alter table audit add column purpose smallint;
alter table audit add column detail text;
alter table audit add column values_hash {bytes};

create index audit_by_subject on audit (subject, id) where subject is not null;
create index audit_by_account on audit (staff_account_id, id) where staff_account_id is not null;

create table audit_values (
    audit_id {uuid} not null references audit (id),
    position smallint not null,
    field text not null,
    old_value text,
    new_value text,
    salt {bytes} not null,
    primary key (audit_id, position)
);

create table audit_seals (
    number bigint primary key,
    audit_id {uuid} not null unique,
    hash {bytes} not null
);

create table audit_heads (
    number bigint primary key,
    hash {bytes} not null,
    signed_at {instant} not null,
    signature {bytes} not null
);
"
);
