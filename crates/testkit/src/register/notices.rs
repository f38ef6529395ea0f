//! Notices of a test, put there without asking anybody.

use super::{TestPatron, TestRegister};
use kortisto_domain::{NoticeKind, NoticeState};
use kortisto_store::entities::{notice_templates, notices};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use uuid::Uuid;

impl TestRegister {
    /// A pickup notice in this state, about nothing any more.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn notice(&self, patron: &TestPatron, state: NoticeState) -> Uuid {
        let at = self.clock.now();
        let id = self.surroundings.new_id(at);
        notices::ActiveModel {
            id: Set(id),
            patron_id: Set(patron.id),
            kind: Set(NoticeKind::Pickup.code()),
            step: Set(0),
            state: Set(state.code()),
            created_at: Set(at),
            tries: Set(9),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a notice");
        id
    }

    /// A template of staff.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn notice_template(&self, kind: i32, channel: i32, language: &str) {
        let small = |number: i32| i16::try_from(number).expect("a code");
        notice_templates::ActiveModel {
            kind: Set(small(kind)),
            step: Set(0),
            channel: Set(small(channel)),
            language: Set(language.to_owned()),
            subject: Set("Ilmoitus".to_owned()),
            body: Set("Ilmoitus".to_owned()),
            changed_at: Set(self.clock.now()),
            changed_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a template");
    }
}
