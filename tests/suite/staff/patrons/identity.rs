//! What is done only for somebody who has proved who they are.

use super::{Library, field, text};
use chrono::TimeDelta;
use kortisto::staff::v1 as wire;
use kortisto_testkit::{on_both_engines, register::TestPatron};

impl Library {
    /// With what the patron proved who they are, and whether that is noted of whoever is signed in.
    async fn proved_with(&self, patron: &TestPatron) -> (wire::IdentityDocument, bool) {
        let record = self.record(&patron.number).await;
        let noted = record.identity_checked_at.is_some()
            && record.identity_checked_by == format!("staff:{}", self.staff.id);
        (record.identity_document(), noted)
    }
}

on_both_engines! {
    async fn another_name_asks_for_a_document(engine: Engine) {
        use wire::IdentityDocument::{DrivingLicence, Passport, Unspecified};
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let married = wire::PatronDetails { family_name: text("Äijälä"), ..Default::default() };
        let renamed = wire::PatronDetails { given_names: text("Maria Aino"), ..Default::default() };
        for details in [&married, &renamed] {
            for document in [None, Some(Unspecified.into())] {
                let ask = wire::PatronDetails { identity_document: document, ..details.clone() };
                let status = l.update(&patron.number, ask).await.unwrap_err();
                assert_eq!(field(&status), "identity_document");
                assert!(!status.message().contains("Äijälä"), "{status:?}");
            }
        }
        // The names that stand already, and what else changes, ask for none.
        let record = l.record(&patron.number).await;
        assert_eq!(record.family_name, "Testaaja");
        let same = wire::PatronDetails {
            family_name: Some(record.family_name),
            given_names: Some(record.given_names),
            call_name: text("Maria"),
            ..Default::default()
        };
        l.update(&patron.number, same).await.unwrap();
        assert_eq!(l.proved_with(&patron).await, (Unspecified, false));
        for (details, document) in [(married, Passport), (renamed, DrivingLicence)] {
            let ask = wire::PatronDetails { identity_document: Some(document.into()), ..details };
            l.update(&patron.number, ask).await.unwrap();
            assert_eq!(l.proved_with(&patron).await, (document, true));
        }
        // Rows of one instant come in any order.
        l.t.clock.advance(TimeDelta::seconds(1));
        let record = l.record(&patron.number).await;
        assert_eq!((record.family_name.as_str(), record.given_names.as_str()), ("Äijälä", "Maria Aino"));
        let values = l.trail(&patron).await.pop().unwrap().1;
        assert!(values.iter().all(|value| value.field != "family_name"), "the last row is a view of the patron");
    }

    async fn an_added_email_asks_for_a_document(engine: Engine) {
        use wire::IdentityDocument::{IdentityCard, Unspecified};
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let status = l.set_email_with(&patron, "aino@example.fi", Unspecified).await.unwrap_err();
        assert_eq!(field(&status), "identity_document");
        assert!(!status.message().contains("aino"), "{status:?}");
        assert!(l.record(&patron.number).await.emails.is_empty());
        l.set_email_with(&patron, "aino@example.fi", IdentityCard).await.unwrap();
        assert_eq!(l.proved_with(&patron).await, (IdentityCard, true));
        let expected = [("email", "aino@example.fi"), ("identity_document", "identity-card")];
        let expected = expected.map(|(field, new)| (field.to_owned(), None, text(new)));
        assert_eq!(l.changed(&patron, "set_email").await, expected);
        // Who said so is no new way to the patron.
        l.set_email_with(&patron, "aino@example.fi", Unspecified).await.unwrap();
        let status = l.set_email_with(&patron, "toinen@example.fi", Unspecified).await.unwrap_err();
        assert_eq!(field(&status), "identity_document");
    }
}
