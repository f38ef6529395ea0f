//! What the operations on cards and PINs share: the card held with its patron, its sessions, the proof of identity.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffDesk},
};
use kortisto_domain::{
    CardState, IdentityDocument,
    cards::{self as rules, CardEvent},
    step_up::Errand,
};
use kortisto_store::{
    StoreError,
    entities::{cards, patron_sessions, patrons},
};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, SimpleExpr},
};

/// A card and its patron, both held against every decision until this commits.
pub(in crate::staff) struct HeldCard {
    pub(in crate::staff) card: cards::Model,
    pub(in crate::staff) patron: patrons::Model,
}

impl HeldCard {
    /// The state of the card.
    pub(in crate::staff) fn state(&self) -> Result<CardState, RegisterError> {
        Ok(CardState::try_from(self.card.state).map_err(StoreError::from)?)
    }
}

impl StaffDesk<'_> {
    /// The card with this number and its patron, held.
    pub(in crate::staff) async fn lock_card(&self, number: &str) -> Result<HeldCard, RegisterError> {
        let unknown = || RegisterError::NotFound { what: "card" };
        let card = self.card(number).await?.ok_or_else(unknown)?;
        let patron = patrons::Entity::find_by_id(card.patron_id)
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("a card has no patron"))?;
        let patron = self.lock_patron(&patron.number).await?;
        // Whatever stands on the card now has been written by those who held the patron before.
        let card = self.card(number).await?.ok_or_else(unknown)?;
        if card.patron_id == patron.id {
            Ok(HeldCard { card, patron })
        } else {
            Err(RegisterError::ChangedMeanwhile)
        }
    }

    /// The card with this number, not held.
    pub(in crate::staff) async fn card(&self, number: &str) -> Result<Option<cards::Model>, RegisterError> {
        let found = cards::Entity::find().filter(cards::Column::Number.eq(number)).one(self.transaction);
        Ok(found.await.map_err(StoreError::from)?)
    }

    /// Ends the sessions that were opened with this card, and those that its holder has opened for wards.
    pub(in crate::staff) async fn end_sessions_of_card(
        &self,
        card: &cards::Model,
    ) -> Result<(), RegisterError> {
        let with_card = patron_sessions::Column::CardId.eq(card.id);
        self.end_sessions(with_card.or(patron_sessions::Column::GuardianId.eq(card.patron_id))).await
    }

    /// Ends the sessions of this patron, with whatever card they were opened, and those for wards.
    pub(in crate::staff) async fn end_sessions_of_patron(&self, patron_id: i64) -> Result<(), RegisterError> {
        let own = patron_sessions::Column::PatronId.eq(patron_id);
        self.end_sessions(own.or(patron_sessions::Column::GuardianId.eq(patron_id))).await
    }

    /// Ends the sessions that a guardian has opened for a ward.
    pub(in crate::staff) async fn end_sessions_for_ward(
        &self,
        guardian_id: i64,
        ward_id: i64,
    ) -> Result<(), RegisterError> {
        let of_guardian = patron_sessions::Column::GuardianId.eq(guardian_id);
        self.end_sessions(of_guardian.and(patron_sessions::Column::PatronId.eq(ward_id))).await
    }

    async fn end_sessions(&self, which: SimpleExpr) -> Result<(), RegisterError> {
        patron_sessions::Entity::update_many()
            .col_expr(patron_sessions::Column::EndedAt, Expr::value(self.moment.at()))
            .filter(which)
            .filter(patron_sessions::Column::EndedAt.is_null())
            .exec(self.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    }

    /// Notes on the patron with what they proved who they are (A110), or refuses what needs another proof.
    pub(in crate::staff) async fn identified(
        &self,
        patron: patrons::Model,
        errand: Errand,
        document: IdentityDocument,
    ) -> Result<(patrons::Model, FieldChange), RegisterError> {
        if !errand.may_be_done_with(Some(document)) {
            return Err(RegisterError::RuleBroken { rule: "this needs a proof of identity with a photo" });
        }
        let old = patron.identity_document.and_then(|code| IdentityDocument::try_from(code).ok());
        let change = FieldChange::new(
            "identity_document",
            old.map(|document| document.word().to_owned()),
            Some(document.word().to_owned()),
        );
        let mut row = patron.into_active_model();
        row.identity_document = Set(Some(document.code()));
        row.identity_checked_at = Set(Some(self.moment.at()));
        row.identity_checked_by = Set(Some(self.author()));
        let patron = row.update(self.transaction).await.map_err(StoreError::from)?;
        Ok((patron, change))
    }

    /// Lets something happen to a card. A card that goes out of use takes its sessions with it.
    pub(in crate::staff) async fn strike(
        &mut self,
        number: &str,
        event: CardEvent,
        reason: Option<&str>,
    ) -> Result<(), RegisterError> {
        let held = self.lock_card(number).await?;
        let old = held.state()?;
        let new = rules::after(old, event).map_err(|rule| RegisterError::RuleBroken { rule })?;
        let mut fields = vec![state_change(number, Some(old), new)];
        fields.extend(reason.map(|reason| FieldChange::new("reason", None, Some(reason.to_owned()))));
        let mut row = held.card.into_active_model();
        row.state = Set(new.code());
        row.state_since = Set(self.moment.at());
        let card = row.update(self.transaction).await.map_err(StoreError::from)?;
        if new != CardState::Active {
            self.end_sessions_of_card(&card).await?;
        }
        self.changed_patron(held.patron, fields).await
    }
}

/// A card and its state, before and after.
pub(in crate::staff) fn state_change(number: &str, old: Option<CardState>, new: CardState) -> FieldChange {
    let text = |state: CardState| format!("{number} {}", state.word());
    FieldChange::new("card", old.map(text), Some(text(new)))
}

/// Somebody else may take a value between the look and the write; the database's own constraint says so.
pub(in crate::staff) fn taken(field: &'static str) -> impl FnOnce(DbErr) -> RegisterError {
    move |error| match StoreError::from(error) {
        StoreError::Unique { .. } => RegisterError::AlreadyExists { field },
        error => error.into(),
    }
}
