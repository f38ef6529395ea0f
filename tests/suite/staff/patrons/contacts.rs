//! Addresses, phones, e-mail addresses, notices and stops.

use super::{Library, assert_reason, field, good, text};
use kortisto::{common::v1::ErrorReason, staff::v1 as wire};
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    on_both_engines,
    register::{TestPatron, new_id},
};
use tonic::{Response, Status};

impl Library {
    async fn set_address(&self, patron: &TestPatron, address: wire::Address) -> Result<String, Status> {
        let number = patron.number.clone();
        let ask = wire::SetAddressRequest { request_id: new_id(), number, address: Some(address) };
        self.client().set_address(ask).await.map(|answer| answer.into_inner().etag)
    }

    async fn set_phone(&self, patron: &TestPatron, phone: wire::Phone) -> Result<String, Status> {
        let number = patron.number.clone();
        let ask = wire::SetPhoneRequest { request_id: new_id(), number, phone: Some(phone) };
        self.client().set_phone(ask).await.map(|answer| answer.into_inner().etag)
    }

    async fn remove_phone(&self, patron: &TestPatron, phone: &str) -> Result<String, Status> {
        let (number, phone) = (patron.number.clone(), phone.to_owned());
        let ask = wire::RemovePhoneRequest { request_id: new_id(), number, phone };
        self.client().remove_phone(ask).await.map(|answer| answer.into_inner().etag)
    }

    async fn set_email(&self, patron: &TestPatron, email: &str) -> Result<String, Status> {
        self.set_email_with(patron, email, wire::IdentityDocument::Passport).await
    }

    /// The same after this document, or none, was shown.
    pub(super) async fn set_email_with(
        &self,
        patron: &TestPatron,
        email: &str,
        document: wire::IdentityDocument,
    ) -> Result<String, Status> {
        let number = patron.number.clone();
        let email = Some(wire::Email { email: email.to_owned(), ..good::email() });
        let identity_document = document.into();
        let ask = wire::SetEmailRequest { request_id: new_id(), number, email, identity_document };
        self.client().set_email(ask).await.map(|answer| answer.into_inner().etag)
    }

    async fn remove_email(&self, patron: &TestPatron, email: &str) -> Result<String, Status> {
        let (number, email) = (patron.number.clone(), email.to_owned());
        let ask = wire::RemoveEmailRequest { request_id: new_id(), number, email };
        self.client().remove_email(ask).await.map(|answer| answer.into_inner().etag)
    }

    async fn prefer(
        &self,
        patron: &TestPatron,
        notice: wire::NoticeKind,
        channel: wire::NoticeChannel,
        days_before: Option<i32>,
    ) -> Result<String, Status> {
        let preference =
            wire::NoticePreference { notice: notice.into(), channel: channel.into(), days_before };
        let ask = wire::SetNoticePreferenceRequest {
            request_id: new_id(),
            number: patron.number.clone(),
            preference: Some(preference),
        };
        self.client().set_notice_preference(ask).await.map(|answer| answer.into_inner().etag)
    }
}

on_both_engines! {
    async fn a_patron_has_one_address_of_a_kind_and_post_goes_to_one(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let of = |kind: wire::AddressKind, mailing| wire::Address { kind: kind.into(), mailing, ..good::address() };
        l.set_address(&patron, of(wire::AddressKind::Home, true)).await.unwrap();
        l.set_address(&patron, of(wire::AddressKind::Postal, true)).await.unwrap();
        let summer = wire::Address {
            street: "Mökkitie 3".to_owned(),
            country: "SE".to_owned(),
            postcode: "111 22".to_owned(),
            valid_from: "2020-06-01".to_owned(),
            valid_until: "2020-08-31".to_owned(),
            source: wire::RecordSource::PopulationRegister.into(),
            ..of(wire::AddressKind::Temporary, false)
        };
        l.set_address(&patron, summer).await.unwrap();
        let moved = wire::Address { street: "Uusikatu 5".to_owned(), ..of(wire::AddressKind::Home, false) };
        l.set_address(&patron, moved).await.unwrap();
        let addresses = l.record(&patron.number).await.addresses;
        let shown: Vec<_> = addresses.iter().map(|a| (a.kind(), a.street.as_str(), a.mailing, a.gets_post)).collect();
        assert_eq!(shown, [
            (wire::AddressKind::Home, "Uusikatu 5", false, false),
            (wire::AddressKind::Postal, "Virastokatu 1 A 2", true, true),
            (wire::AddressKind::Temporary, "Mökkitie 3", false, false),
        ]);
        assert_eq!((addresses[0].country.as_str(), addresses[2].country.as_str()), ("FI", "SE"));
        assert_eq!(addresses[2].source(), wire::RecordSource::PopulationRegister);
        assert_eq!((addresses[2].valid_from.as_str(), addresses[2].valid_until.as_str()), ("2020-06-01", "2020-08-31"));
        let ask = wire::RemoveAddressRequest {
            request_id: new_id(),
            number: patron.number.clone(),
            kind: wire::AddressKind::Postal.into(),
        };
        l.client().remove_address(ask.clone()).await.unwrap();
        let addresses = l.record(&patron.number).await.addresses;
        assert_eq!(addresses.iter().map(|a| a.gets_post).collect::<Vec<_>>(), [true, false]);
        let again = wire::RemoveAddressRequest { request_id: new_id(), ..ask };
        assert_reason(l.client().remove_address(again).await.map(Response::into_inner), ErrorReason::NotFound);
        let changed = l.changed(&patron, "remove_address").await;
        assert_eq!(changed[0].0, "postal_address");
        assert!(changed[0].1.as_deref().unwrap().starts_with("Virastokatu 1 A 2, 55100 Imatra, FI"));
    }

    async fn what_is_wrong_with_a_contact_is_named_without_it(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let addresses: [(&str, wire::Address); 8] = [
            ("address.kind", wire::Address { kind: 4, ..good::address() }),
            ("address.kind", wire::Address { kind: 0, ..good::address() }),
            ("address.street", wire::Address { street: String::new(), ..good::address() }),
            ("address.postcode", wire::Address { postcode: "5510".to_owned(), ..good::address() }),
            ("address.country", wire::Address { country: "Suomi".to_owned(), ..good::address() }),
            ("address.source", wire::Address { source: 0, ..good::address() }),
            ("address.valid_from", wire::Address { valid_from: "1.1.2026".to_owned(), ..good::address() }),
            ("valid_until", wire::Address { valid_until: "2020-01-01".to_owned(), ..good::address() }),
        ];
        for (expected, address) in addresses {
            let status = l.set_address(&patron, address).await.unwrap_err();
            assert_eq!(field(&status), expected);
        }
        for phone in ["0401234567", "+358 40 1234567", ""] {
            let status = l.set_phone(&patron, wire::Phone { phone: phone.to_owned(), ..good::phone() }).await.unwrap_err();
            assert_eq!(field(&status), "phone.phone");
            assert!(phone.is_empty() || !status.message().contains(phone));
        }
        for email in ["aino", "aino@fi", "a b@example.fi", ""] {
            let status = l.set_email(&patron, email).await.unwrap_err();
            assert_eq!(field(&status), "email.email");
            assert!(email.is_empty() || !status.message().contains(email));
        }
    }

    async fn text_messages_go_to_one_phone(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let phone = |phone: &str, sms| wire::Phone { phone: phone.to_owned(), sms, ..good::phone() };
        l.set_phone(&patron, phone("+358401111111", true)).await.unwrap();
        l.set_phone(&patron, phone("+358402222222", true)).await.unwrap();
        l.set_phone(&patron, phone("+358403333333", false)).await.unwrap();
        let sms = async || -> Vec<bool> { l.record(&patron.number).await.phones.iter().map(|p| p.sms).collect() };
        assert_eq!(sms().await, [false, true, false]);
        l.set_phone(&patron, phone("+358403333333", true)).await.unwrap();
        assert_eq!(sms().await, [false, false, true]);
        l.prefer(&patron, wire::NoticeKind::Pickup, wire::NoticeChannel::Sms, None).await.unwrap();
        // As long as notices go there, it stays.
        assert_reason(l.remove_phone(&patron, "+358403333333").await, ErrorReason::RuleBroken);
        assert_reason(l.set_phone(&patron, phone("+358403333333", false)).await, ErrorReason::RuleBroken);
        l.prefer(&patron, wire::NoticeKind::Pickup, wire::NoticeChannel::None, None).await.unwrap();
        l.remove_phone(&patron, "+358403333333").await.unwrap();
        assert_eq!(sms().await, [false, false]);
        assert_reason(l.remove_phone(&patron, "+358403333333").await, ErrorReason::NotFound);
        for number in 0..8 {
            l.set_phone(&patron, phone(&format!("+35844000000{number}"), false)).await.unwrap();
        }
        assert_reason(l.set_phone(&patron, phone("+358449999999", false)).await, ErrorReason::RuleBroken);
    }

    async fn a_changed_email_is_marked_and_told_to_the_patron(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron_with(kortisto_testkit::register::PatronSeed { language: "sv", ..Default::default() }).await;
        l.set_email(&patron, "Aino+kirjasto@Example.FI").await.unwrap();
        let emails = l.record(&patron.number).await.emails;
        assert_eq!(emails[0].email, "Aino+kirjasto@example.fi");
        let trail = l.trail(&patron).await;
        let (row, values) = trail.iter().find(|(row, _)| row.action == "set_email").unwrap();
        assert_eq!(row.detail.as_deref(), Some("security-relevant"));
        assert_eq!(values[0].new_value.as_deref(), Some("Aino+kirjasto@example.fi"));
        let kiosk = l.t.device(DeviceKind::SelfCheckout).await;
        let ask = |pin: &str| kortisto::device::v1::AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: patron.card.clone(),
            pin: pin.to_owned(),
            ..Default::default()
        };
        let answer = kiosk.patrons().authenticate_patron(ask(patron.pin)).await.unwrap().into_inner();
        assert_eq!(answer.messages.len(), 1);
        assert!(answer.messages[0].starts_with("Din e-postadress har ändrats"), "{:?}", answer.messages);
        // To record anew where it comes from warns nobody.
        l.set_email(&patron, "Aino+kirjasto@example.fi").await.unwrap();
        let answer = kiosk.patrons().authenticate_patron(ask(patron.pin)).await.unwrap().into_inner();
        assert_eq!(answer.messages.len(), 1);
        l.remove_email(&patron, "Aino+kirjasto@EXAMPLE.fi").await.unwrap();
        assert!(l.record(&patron.number).await.emails.is_empty());
        let answer = kiosk.patrons().authenticate_patron(ask(patron.pin)).await.unwrap().into_inner();
        assert_eq!(answer.messages.len(), 2);
        l.t.clock.advance(kortisto_domain::messages::SECURITY_MESSAGE_STANDS);
        let answer = kiosk.patrons().authenticate_patron(ask(patron.pin)).await.unwrap().into_inner();
        assert!(answer.messages.is_empty());
    }

    async fn a_notice_goes_where_the_patron_is_reached(engine: Engine) {
        use wire::{NoticeChannel as Channel, NoticeKind as Kind};
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        for channel in [Channel::Letter, Channel::Email, Channel::Sms] {
            assert_reason(l.prefer(&patron, Kind::Overdue, channel, None).await, ErrorReason::RuleBroken);
        }
        l.set_address(&patron, good::address()).await.unwrap();
        l.set_phone(&patron, good::phone()).await.unwrap();
        l.set_email(&patron, &good::email().email).await.unwrap();
        l.prefer(&patron, Kind::DueReminder, Channel::Email, Some(3)).await.unwrap();
        l.prefer(&patron, Kind::Overdue, Channel::Letter, None).await.unwrap();
        l.prefer(&patron, Kind::Pickup, Channel::Sms, None).await.unwrap();
        l.prefer(&patron, Kind::Invoice, Channel::Letter, None).await.unwrap();
        l.prefer(&patron, Kind::DueReminder, Channel::Sms, Some(14)).await.unwrap();
        let shown: Vec<_> = l.record(&patron.number).await.notice_preferences;
        let shown: Vec<_> = shown.iter().map(|p| (p.notice(), p.channel(), p.days_before)).collect();
        assert_eq!(shown, [
            (Kind::DueReminder, Channel::Sms, Some(14)),
            (Kind::Overdue, Channel::Letter, None),
            (Kind::Pickup, Channel::Sms, None),
            (Kind::Invoice, Channel::Letter, None),
        ]);
        for (expected, kind, channel, days) in [
            ("preference.channel", Kind::Invoice, Channel::Sms, None),
            ("preference.channel", Kind::Invoice, Channel::None, None),
            ("preference.channel", Kind::Overdue, Channel::Unspecified, None),
            ("preference.notice", Kind::Unspecified, Channel::Email, None),
            ("preference.days_before", Kind::DueReminder, Channel::Email, None),
            ("preference.days_before", Kind::DueReminder, Channel::Email, Some(0)),
            ("preference.days_before", Kind::DueReminder, Channel::Email, Some(-1)),
            ("preference.days_before", Kind::DueReminder, Channel::Email, Some(300)),
            ("preference.days_before", Kind::Pickup, Channel::Email, Some(3)),
        ] {
            let status = l.prefer(&patron, kind, channel, days).await.unwrap_err();
            assert_eq!(field(&status), expected, "{kind:?} {channel:?} {days:?}");
        }
        // The last e-mail address stays as long as a notice goes there.
        l.prefer(&patron, Kind::Overdue, Channel::Email, None).await.unwrap();
        assert_reason(l.remove_email(&patron, &good::email().email).await, ErrorReason::RuleBroken);
        l.set_email(&patron, "toinen@example.fi").await.unwrap();
        l.remove_email(&patron, &good::email().email).await.unwrap();
    }

    async fn a_patron_uses_the_stops_that_were_last_named(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        for code in ["ranta", "kylä", "asema"] {
            l.t.bookmobile_stop(code).await;
        }
        let set = async |codes: &[&str]| {
            let stops = codes
                .iter()
                .map(|code| wire::StopInUse { branch: "main".to_owned(), stop: (*code).to_owned(), ..Default::default() });
            let ask = wire::SetStopsRequest { request_id: new_id(), number: patron.number.clone(), stops: stops.collect() };
            l.client().set_stops(ask).await.map(Response::into_inner)
        };
        let stops = async || -> Vec<String> {
            l.record(&patron.number).await.stops.into_iter().map(|stop| stop.stop).collect()
        };
        set(&["ranta", "kylä", "ranta"]).await.unwrap();
        assert_eq!(stops().await, ["ranta", "kylä"]);
        set(&["asema"]).await.unwrap();
        assert_eq!(stops().await, ["asema"]);
        let status = set(&["asema", "kuu"]).await.unwrap_err();
        assert_eq!(field(&status), "stops");
        assert_eq!(stops().await, ["asema"]);
        set(&[]).await.unwrap();
        assert!(stops().await.is_empty());
        let many: Vec<String> = (0..21).map(|number| format!("s{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(field(&set(&many).await.unwrap_err()), "stops");
    }

    async fn a_contact_of_a_patron_who_is_not_there_is_not_found(engine: Engine) {
        let l = Library::open(engine).await;
        let nobody = TestPatron { number: "P0".to_owned(), ..l.t.patron().await };
        assert_reason(l.set_address(&nobody, good::address()).await, ErrorReason::NotFound);
        assert_reason(l.set_phone(&nobody, good::phone()).await, ErrorReason::NotFound);
        assert_reason(l.set_email(&nobody, "aino@example.fi").await, ErrorReason::NotFound);
        let details = wire::PatronDetails { call_name: text("Aino"), ..Default::default() };
        let ask = wire::UpdatePatronRequest {
            request_id: new_id(),
            number: nobody.number,
            etag: "1".to_owned(),
            details: Some(details),
        };
        assert_reason(l.client().update_patron(ask).await.map(Response::into_inner), ErrorReason::NotFound);
    }
}
