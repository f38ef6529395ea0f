//! Branches, their hours and resources, and the devices that stand in them.

crate::ddl::migration!(
    "m0001_places",
    "
create table branches (
    id {key},
    code text not null unique,
    name text not null,
    municipality text not null
);

create table opening_windows (
    id {key},
    branch_id {ref} not null references branches (id),
    weekday smallint not null check (weekday between 1 and 7),
    opens_minute smallint not null check (opens_minute between 0 and 1439),
    closes_minute smallint not null check (closes_minute between 1 and 1440),
    mode smallint not null,
    valid_from {date} not null,
    valid_until {date},
    check (opens_minute < closes_minute)
);

create index opening_windows_by_branch on opening_windows (branch_id);

create table resources (
    id {key},
    branch_id {ref} not null references branches (id),
    code text not null,
    kind smallint not null,
    min_age smallint,
    asks_pin boolean not null,
    unique (branch_id, code)
);

create table devices (
    id {key},
    name text not null unique,
    kind smallint not null,
    branch_id {ref} not null references branches (id),
    state smallint not null,
    created_at {instant} not null,
    last_seen_at {instant},
    revoked_at {instant},
    pin_suspended_at {instant}
);

create table device_certificates (
    fingerprint {bytes} primary key,
    device_id {ref} not null references devices (id),
    issued_at {instant} not null,
    expires_at {instant} not null,
    first_used_at {instant},
    dropped_at {instant}
);

create index device_certificates_by_device on device_certificates (device_id);

create table enrolment_codes (
    code_hash {bytes} primary key,
    device_id {ref} not null references devices (id),
    created_at {instant} not null,
    expires_at {instant} not null,
    used_at {instant}
);
"
);
