//! Personal staff accounts, their duties and sessions (A114 to A119).

crate::ddl::migration!(
    "m0007_staff",
    "
create table staff_accounts (
    id {key},
    user_name text not null unique,
    display_name text not null,
    state smallint not null,
    password_scheme smallint,
    password_key_id smallint,
    password_hash {bytes},
    password_set_at {instant},
    password_request {uuid},
    must_change boolean not null,
    failures smallint not null default 0,
    locked_until {instant},
    last_wrong {bytes},
    oidc_subject text unique,
    undertaking text,
    undertaken_at {instant},
    created_at {instant} not null,
    created_by text not null
);

create table staff_roles (
    id {key},
    account_id {ref} not null references staff_accounts (id),
    role smallint not null,
    valid_from {instant} not null,
    valid_until {instant},
    ticket text,
    granted_at {instant} not null,
    granted_by text not null,
    revoked_at {instant},
    revoked_by text
);

create index staff_roles_standing on staff_roles (account_id) where revoked_at is null;

create table staff_sessions (
    id {uuid} primary key,
    token_hash {bytes} not null unique,
    account_id {ref} not null references staff_accounts (id),
    device_id {ref} not null references devices (id),
    started_at {instant} not null,
    last_used_at {instant} not null,
    expires_at {instant} not null,
    ended_at {instant}
);

create index staff_sessions_by_account on staff_sessions (account_id);
"
);
