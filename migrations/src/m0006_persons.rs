//! Everything that the register holds about a person (A14 to A84).

crate::ddl::migration!(
    "m0006_persons",
    "
create table patron_categories (
    code text primary key,
    name_fi text not null,
    name_sv text not null,
    name_en text not null,
    canonical smallint not null
);

alter table patrons add column category_code text references patron_categories (code);
alter table patrons add column call_name text;
alter table patrons add column gender smallint;
alter table patrons add column mother_tongue text;
alter table patrons add column home_municipality text;
alter table patrons add column protected_address boolean not null default false;
alter table patrons add column protected_until {date};
alter table patrons add column support_id text;
alter table patrons add column hold_alias text;
alter table patrons add column business_id text;
alter table patrons add column pickup_branch_id {ref} references branches (id);
alter table patrons add column identity_checked_at {instant};
alter table patrons add column identity_checked_by text;
alter table patrons add column identity_document smallint;
alter table patrons add column search_name {folded} not null default '';

update patrons set search_name = lower(family_name || ' ' || given_names);

create unique index patrons_by_support_id on patrons (support_id);
create unique index patrons_by_hold_alias on patrons (hold_alias);
create index patrons_by_search_name on patrons (search_name, id);
create index patrons_by_birth_date on patrons (birth_date, search_name, id) where birth_date is not null;
create index patrons_by_category_code on patrons (category_code) where category_code is not null;

create table addresses (
    id {key},
    patron_id {ref} not null references patrons (id),
    kind smallint not null,
    street text not null,
    postcode text not null,
    post_office text not null,
    country text not null,
    mailing boolean not null,
    source smallint not null,
    valid_from {date} not null,
    valid_until {date},
    recorded_at {instant} not null,
    recorded_by text not null
);

create unique index addresses_by_patron on addresses (patron_id, kind);

create table phones (
    id {key},
    patron_id {ref} not null references patrons (id),
    number text not null,
    sms boolean not null,
    source smallint not null,
    recorded_at {instant} not null,
    recorded_by text not null,
    unique (patron_id, number)
);

create table emails (
    id {key},
    patron_id {ref} not null references patrons (id),
    address text not null,
    source smallint not null,
    recorded_at {instant} not null,
    recorded_by text not null,
    unique (patron_id, address)
);

create table notice_preferences (
    patron_id {ref} not null references patrons (id),
    notice smallint not null,
    channel smallint not null,
    days_before smallint,
    primary key (patron_id, notice)
);

create table services_in_use (
    patron_id {ref} not null references patrons (id),
    service smallint not null,
    enabled boolean not null,
    since {instant} not null,
    primary key (patron_id, service)
);

create table patron_stops (
    patron_id {ref} not null references patrons (id),
    stop_id {ref} not null references stops (id),
    primary key (patron_id, stop_id)
);

create table year_counters (
    patron_id {ref} not null references patrons (id),
    year smallint not null,
    loans integer not null default 0,
    holds integer not null default 0,
    uncollected_holds integer not null default 0,
    primary key (patron_id, year)
);

alter table cards add column issued_on {date};
alter table cards add column replaced_by_id {ref} references cards (id);

create table card_patterns (
    id {key},
    pattern text not null unique,
    check_digit smallint not null,
    description text not null
);

create table web_passwords (
    card_id {ref} primary key references cards (id),
    scheme smallint not null,
    key_id smallint not null,
    hash {bytes} not null,
    set_at {instant} not null
);

create table identity_codes (
    id {key},
    patron_id {ref} not null references patrons (id),
    blind_index {bytes} not null unique,
    key_id smallint not null,
    sealed {bytes} not null,
    recorded_at {instant} not null,
    recorded_by text not null,
    superseded_at {instant}
);

create index identity_codes_by_patron on identity_codes (patron_id);
create index identity_codes_by_key on identity_codes (key_id, id);

create table relations (
    id {key},
    ward_id {ref} not null references patrons (id),
    other_id {ref} not null references patrons (id),
    kind smallint not null,
    valid_from {date} not null,
    valid_until {date},
    recorded_at {instant} not null,
    recorded_by text not null,
    ended_at {instant},
    ended_by text,
    ended_reason text,
    check (ward_id <> other_id)
);

create index relations_by_ward on relations (ward_id) where ended_at is null;
create index relations_by_other on relations (other_id) where ended_at is null;

create table consents (
    id {key},
    patron_id {ref} not null references patrons (id),
    relation_id {ref} references relations (id),
    purpose smallint not null,
    state smallint not null,
    form smallint not null,
    text_version text not null,
    given_by_id {ref} references patrons (id),
    recorded_at {instant} not null,
    recorded_by text not null,
    withdrawn_at {instant},
    withdrawn_by text
);

create index consents_by_patron on consents (patron_id);

alter table bans add column decision_maker text;
alter table bans add column heard text;
alter table bans add column appeal text;
alter table bans add column batch {uuid};
alter table bans add column lifted_by text;
alter table bans add column lift_reason text;

create index bans_by_batch on bans (batch) where batch is not null;

alter table self_service_rights add column consent_id {ref} references consents (id);
alter table self_service_rights add column contract text;
alter table self_service_rights add column granted_by text;
alter table self_service_rights add column granted_at {instant};
alter table self_service_rights add column withdrawn_by text;

create table messages (
    id {key},
    patron_id {ref} not null references patrons (id),
    audience smallint not null,
    kind smallint not null,
    body text not null,
    branch_id {ref} references branches (id),
    written_at {instant} not null,
    written_by text not null,
    expires_at {instant},
    removed_at {instant},
    removed_by text
);

create index messages_standing on messages (patron_id) where removed_at is null;

create table home_service (
    patron_id {ref} primary key references patrons (id),
    street text not null,
    postcode text not null,
    post_office text not null,
    door_note text not null,
    first_on {date} not null,
    every_weeks smallint not null check (every_weeks between 1 and 12),
    preferences text not null,
    history_consent smallint not null,
    profile_consent smallint not null,
    changed_at {instant} not null,
    changed_by text not null
);

create index home_service_by_first_day on home_service (first_on);
create index loan_history_by_patron on loan_history (patron_id, id);
"
);
