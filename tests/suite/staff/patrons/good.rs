//! What a well-formed request holds.

use kortisto::staff::v1 as wire;

/// An adult with a passport.
pub(in crate::staff) fn person() -> wire::PatronDetails {
    wire::PatronDetails {
        family_name: Some("Virtanen".to_owned()),
        given_names: Some("Maija Liisa".to_owned()),
        birth_date: Some("1980-05-17".to_owned()),
        service_language: Some("fi".to_owned()),
        category: Some(wire::PatronCategory::Person.into()),
        identity_document: Some(wire::IdentityDocument::Passport.into()),
        ..Default::default()
    }
}

/// A home address.
pub(in crate::staff) fn address() -> wire::Address {
    wire::Address {
        kind: wire::AddressKind::Home.into(),
        street: "Virastokatu 1 A 2".to_owned(),
        postcode: "55100".to_owned(),
        post_office: "Imatra".to_owned(),
        source: wire::RecordSource::Patron.into(),
        ..Default::default()
    }
}

/// A phone number that gets text messages.
pub(in crate::staff) fn phone() -> wire::Phone {
    wire::Phone { phone: "+358401234567".to_owned(), sms: true, source: wire::RecordSource::Patron.into() }
}

/// An e-mail address.
pub(in crate::staff) fn email() -> wire::Email {
    wire::Email { email: "aino@example.fi".to_owned(), source: wire::RecordSource::Patron.into() }
}

/// Reminders by e-mail, three days before.
pub(in crate::staff) fn preference() -> wire::NoticePreference {
    wire::NoticePreference {
        notice: wire::NoticeKind::DueReminder.into(),
        channel: wire::NoticeChannel::Email.into(),
        days_before: Some(3),
    }
}

/// A category of the consortium's own.
pub(in crate::staff) fn category() -> wire::Category {
    wire::Category {
        code: "KOULU".to_owned(),
        name_fi: "Koulu".to_owned(),
        name_sv: "Skola".to_owned(),
        name_en: "School".to_owned(),
        canonical: wire::PatronCategory::Institution.into(),
    }
}
