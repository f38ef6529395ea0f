//! What a test's register holds about persons, beside what [`super::seed`] puts there.

use super::{BRANCH_MAIN, TestPatron, TestRegister};
use chrono::NaiveDate;
use kortisto_domain::{
    AddressKind, ConsentForm, ConsentPurpose, ConsentState, MessageAudience, MessageKind, PatronCategory,
    RecordSource, Service,
};
use kortisto_store::entities::{
    addresses, consents, emails, messages, patron_categories, patrons, phones, services_in_use, stops,
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};

/// Who wrote everything here.
const BY: &str = "test";

impl TestRegister {
    /// The row of a patron.
    ///
    /// # Panics
    /// When the database refuses, as do the others here.
    pub async fn patron_row(&self, patron: &TestPatron) -> patrons::Model {
        let found = patrons::Entity::find_by_id(patron.id).one(self.store.writer()).await;
        found.expect("a row").expect("the patron")
    }

    /// Changes the row of a patron behind the register's back.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn set_patron(&self, patron: &TestPatron, change: impl FnOnce(&mut patrons::ActiveModel)) {
        let mut row = self.patron_row(patron).await.into_active_model();
        change(&mut row);
        row.update(self.store.writer()).await.expect("a patron");
    }

    /// A home address, from long ago.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn address(&self, patron: &TestPatron, street: &str) {
        addresses::ActiveModel {
            patron_id: Set(patron.id),
            kind: Set(AddressKind::Home.code()),
            street: Set(street.to_owned()),
            postcode: Set("55100".to_owned()),
            post_office: Set("Imatra".to_owned()),
            country: Set("FI".to_owned()),
            mailing: Set(false),
            source: Set(RecordSource::Patron.code()),
            valid_from: Set(NaiveDate::default()),
            valid_until: Set(None),
            recorded_at: Set(self.clock.now()),
            recorded_by: Set(BY.to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("an address");
    }

    /// A phone number that gets text messages.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn phone(&self, patron: &TestPatron, number: &str) {
        phones::ActiveModel {
            patron_id: Set(patron.id),
            number: Set(number.to_owned()),
            sms: Set(true),
            source: Set(RecordSource::Patron.code()),
            recorded_at: Set(self.clock.now()),
            recorded_by: Set(BY.to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a phone number");
    }

    /// An e-mail address.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn email(&self, patron: &TestPatron, address: &str) {
        emails::ActiveModel {
            patron_id: Set(patron.id),
            address: Set(address.to_owned()),
            source: Set(RecordSource::Patron.code()),
            recorded_at: Set(self.clock.now()),
            recorded_by: Set(BY.to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("an e-mail address");
    }

    /// A consent of the patron, on paper.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn consent(&self, patron: &TestPatron, about: ConsentPurpose) -> consents::Model {
        consents::ActiveModel {
            patron_id: Set(patron.id),
            purpose: Set(about.code()),
            state: Set(ConsentState::Granted.code()),
            form: Set(ConsentForm::Paper.code()),
            text_version: Set("2026-01".to_owned()),
            recorded_at: Set(self.clock.now()),
            recorded_by: Set(BY.to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a consent")
    }

    /// Switches a service off.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn switch_off(&self, patron: &TestPatron, service: Service) {
        services_in_use::ActiveModel {
            patron_id: Set(patron.id),
            service: Set(service.code()),
            enabled: Set(false),
            since: Set(self.clock.now()),
        }
        .insert(self.store.writer())
        .await
        .expect("a service");
    }

    /// A message of staff to the patron; gives its key.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn message(&self, patron: &TestPatron, body: &str) -> i64 {
        let message = messages::ActiveModel {
            patron_id: Set(patron.id),
            audience: Set(MessageAudience::Patron.code()),
            kind: Set(MessageKind::Message.code()),
            body: Set(body.to_owned()),
            branch_id: Set(Some(BRANCH_MAIN)),
            written_at: Set(self.clock.now()),
            written_by: Set(BY.to_owned()),
            ..Default::default()
        };
        message.insert(self.store.writer()).await.expect("a message").id
    }

    /// A stop of a bookmobile that is kept at the main branch; gives its key.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn bookmobile_stop(&self, code: &str) -> i64 {
        let stop = stops::ActiveModel {
            branch_id: Set(BRANCH_MAIN),
            code: Set(code.to_owned()),
            name: Set(format!("Pysäkki {code}")),
            municipality: Set("153".to_owned()),
            ..Default::default()
        };
        stop.insert(self.store.writer()).await.expect("a stop").id
    }

    /// A category of the consortium's own list.
    ///
    /// # Panics
    /// See [`TestRegister::patron_row`].
    pub async fn category(&self, code: &str, canonical: PatronCategory) {
        patron_categories::ActiveModel {
            code: Set(code.to_owned()),
            name_fi: Set(format!("{code} fi")),
            name_sv: Set(format!("{code} sv")),
            name_en: Set(format!("{code} en")),
            canonical: Set(canonical.code()),
        }
        .insert(self.store.writer())
        .await
        .expect("a category");
    }
}
