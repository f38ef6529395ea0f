//! Patrons, their cards and PINs, and what they may and may not do.

crate::ddl::migration!(
    "m0002_patrons",
    "
create table patrons (
    id {key},
    number text not null unique,
    pseudonym {uuid} not null unique,
    category smallint not null,
    state smallint not null,
    family_name text not null,
    given_names text not null,
    birth_date {date},
    service_language text not null,
    home_branch_id {ref} not null references branches (id),
    valid_until {date},
    created_at {instant} not null,
    changed_at {instant} not null,
    changed_by text not null,
    last_card_event_on {date}
);

create table cards (
    id {key},
    number text not null unique,
    patron_id {ref} not null references patrons (id),
    state smallint not null,
    state_since {instant} not null,
    valid_from {date} not null,
    valid_until {date},
    issuing_branch_id {ref} not null references branches (id)
);

create index cards_by_patron on cards (patron_id);

create table pins (
    card_id {ref} primary key references cards (id),
    scheme smallint not null,
    key_id smallint not null,
    hash {bytes} not null,
    set_at {instant} not null,
    failures smallint not null default 0,
    locked_until {instant},
    disabled_at {instant},
    last_wrong {bytes}
);

create table pin_attempts (
    device_id {ref} not null references devices (id),
    attempt_id {uuid} not null,
    card_key {bytes} not null,
    request_hash {bytes} not null,
    at {instant} not null,
    outcome smallint not null,
    primary key (device_id, attempt_id)
);

create index pin_attempts_failed on pin_attempts (device_id, at) where outcome <> 2;

create table known_devices (
    card_id {ref} not null references cards (id),
    device_id {ref} not null references devices (id),
    last_success_at {instant} not null,
    tries_left smallint not null,
    primary key (card_id, device_id)
);

create table patron_sessions (
    id {uuid} primary key,
    token_hash {bytes} not null unique,
    patron_id {ref} not null references patrons (id),
    card_id {ref} not null references cards (id),
    device_id {ref} not null references devices (id),
    started_at {instant} not null,
    expires_at {instant} not null,
    ended_at {instant}
);

create index patron_sessions_by_patron on patron_sessions (patron_id);

create table bans (
    id {key},
    patron_id {ref} not null references patrons (id),
    kind smallint not null,
    branch_id {ref} references branches (id),
    starts_at {instant} not null,
    ends_at {instant},
    lifted_at {instant},
    reason text not null,
    placed_by text not null,
    placed_at {instant} not null
);

create index bans_standing on bans (patron_id) where lifted_at is null;

create table self_service_rights (
    id {key},
    patron_id {ref} not null references patrons (id),
    kind smallint not null,
    branch_id {ref} references branches (id),
    valid_from {date} not null,
    valid_until {date},
    withdrawn_at {instant}
);

create index self_service_rights_standing on self_service_rights (patron_id) where withdrawn_at is null;
"
);
