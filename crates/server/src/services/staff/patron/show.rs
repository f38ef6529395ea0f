//! Patrons and what belongs to them, on the wire.

use crate::services::reply;
use kortisto::staff::v1 as wire;
use kortisto_register::staff::patrons::{Address, Hit, PatronRecord};
use kortisto_store::entities::{
    emails, notice_preferences, patron_categories, phones, services_in_use, stops, year_counters,
};

fn date(day: Option<chrono::NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

/// The whole record.
pub(super) fn patron(record: PatronRecord) -> wire::Patron {
    let row = record.patron;
    wire::Patron {
        etag: kortisto_register::staff::patrons::Etag::of(&row).to_string(),
        number: row.number,
        family_name: row.family_name,
        given_names: row.given_names,
        birth_date: date(row.birth_date),
        service_language: row.service_language,
        created_at: Some(reply::timestamp(row.created_at)),
        changed_at: Some(reply::timestamp(row.changed_at)),
        changed_by: row.changed_by,
        category: row.category.into(),
        category_code: row.category_code.unwrap_or_default(),
        state: row.state.into(),
        call_name: row.call_name.unwrap_or_default(),
        gender: row.gender.unwrap_or_default().into(),
        mother_tongue: row.mother_tongue.unwrap_or_default(),
        home_municipality: row.home_municipality.unwrap_or_default(),
        home_branch: record.home_branch,
        pickup_branch: record.pickup_branch.unwrap_or_default(),
        valid_until: date(row.valid_until),
        business_id: row.business_id.unwrap_or_default(),
        support_id: row.support_id.unwrap_or_default(),
        hold_alias: row.hold_alias.unwrap_or_default(),
        age: record.age.map(|age| i32::try_from(age).unwrap_or(i32::MAX)),
        child: record.is_child,
        protected_address: record.is_protected,
        protected_until: date(row.protected_until),
        contact_withheld: record.contact_withheld,
        identity_document: row.identity_document.unwrap_or_default().into(),
        identity_checked_at: row.identity_checked_at.map(reply::timestamp),
        identity_checked_by: row.identity_checked_by.unwrap_or_default(),
        last_card_event_on: date(row.last_card_event_on),
        last_changed_or_used_on: record.last_changed_or_used_on.to_string(),
        addresses: record.addresses.into_iter().map(address).collect(),
        phones: record.phones.into_iter().map(phone).collect(),
        emails: record.emails.into_iter().map(email).collect(),
        notice_preferences: record.notices.iter().map(notice).collect(),
        services: record.services.iter().map(service).collect(),
        stops: record.stops.into_iter().map(stop).collect(),
        this_year: record.this_year.as_ref().map(counters),
    }
}

/// A patron in a list.
pub(super) fn hit(hit: Hit) -> wire::PatronHit {
    let row = hit.patron;
    wire::PatronHit {
        number: row.number,
        family_name: row.family_name,
        given_names: row.given_names,
        birth_date: date(row.birth_date),
        category: row.category.into(),
        state: row.state.into(),
        home_branch: hit.home_branch,
        child: hit.is_child,
    }
}

/// A category of the consortium's own list.
pub(super) fn category(row: patron_categories::Model) -> wire::Category {
    wire::Category {
        code: row.code,
        name_fi: row.name_fi,
        name_sv: row.name_sv,
        name_en: row.name_en,
        canonical: row.canonical.into(),
    }
}

fn address(address: Address) -> wire::Address {
    let row = address.row;
    wire::Address {
        kind: row.kind.into(),
        street: row.street,
        postcode: row.postcode,
        post_office: row.post_office,
        country: row.country,
        mailing: row.mailing,
        source: row.source.into(),
        valid_from: row.valid_from.to_string(),
        valid_until: date(row.valid_until),
        gets_post: address.gets_post,
    }
}

fn phone(row: phones::Model) -> wire::Phone {
    wire::Phone { phone: row.number, sms: row.sms, source: row.source.into() }
}

fn email(row: emails::Model) -> wire::Email {
    wire::Email { email: row.address, source: row.source.into() }
}

fn notice(row: &notice_preferences::Model) -> wire::NoticePreference {
    wire::NoticePreference {
        notice: row.notice.into(),
        channel: row.channel.into(),
        days_before: row.days_before.map(i32::from),
    }
}

fn service(row: &services_in_use::Model) -> wire::ServiceInUse {
    wire::ServiceInUse {
        service: row.service.into(),
        enabled: row.enabled,
        switched_at: Some(reply::timestamp(row.since)),
    }
}

fn stop((branch, row): (String, stops::Model)) -> wire::StopInUse {
    wire::StopInUse { branch, stop: row.code, name: row.name }
}

fn counters(row: &year_counters::Model) -> wire::YearCounters {
    wire::YearCounters {
        year: row.year.into(),
        loans: row.loans,
        holds: row.holds,
        uncollected_holds: row.uncollected_holds,
    }
}

#[cfg(test)]
mod tests {
    use kortisto::staff::v1 as wire;
    use kortisto_domain as domain;

    /// The name of a value in the contract, without the prefix of its enum.
    fn tail(name: &str, prefix: &str) -> String {
        name.strip_prefix(prefix).unwrap().to_lowercase().replace('_', "-")
    }

    macro_rules! same_numbers {
        ($($test:ident: $kind:ident, $prefix:literal;)+) => {
            $(#[test]
            fn $test() {
                for own in domain::$kind::ALL {
                    let theirs = wire::$kind::try_from(i32::from(own.code())).unwrap();
                    assert_eq!(tail(theirs.as_str_name(), $prefix), own.word());
                }
                assert!(wire::$kind::try_from(domain::$kind::ALL.len() as i32 + 1).is_err());
            })+
        };
    }

    same_numbers! {
        categories_have_the_same_numbers: PatronCategory, "PATRON_CATEGORY_";
        states_have_the_same_numbers: PatronState, "PATRON_STATE_";
        genders_have_the_same_numbers: Gender, "GENDER_";
        documents_have_the_same_numbers: IdentityDocument, "IDENTITY_DOCUMENT_";
        addresses_have_the_same_numbers: AddressKind, "ADDRESS_KIND_";
        sources_have_the_same_numbers: RecordSource, "RECORD_SOURCE_";
        notices_have_the_same_numbers: NoticeKind, "NOTICE_KIND_";
        channels_have_the_same_numbers: NoticeChannel, "NOTICE_CHANNEL_";
        services_have_the_same_numbers: Service, "SERVICE_";
        audiences_have_the_same_numbers: MessageAudience, "MESSAGE_AUDIENCE_";
        messages_have_the_same_numbers: MessageKind, "MESSAGE_KIND_";
    }
}
