//! `PlaceService.PutMunicipality`: an entry of the table of municipality codes, with what took its place.

use super::{begin, differences, municipalities};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::places::span::Span;
use kortisto_store::{StoreError, entities::municipality_codes};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use serde::Serialize;
use uuid::Uuid;

/// The entry as it should stand; its code and first day name it.
#[derive(Serialize)]
pub struct PutMunicipality {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code, three digits.
    pub code: String,
    /// The Finnish name.
    pub name_fi: String,
    /// The Swedish name.
    pub name_sv: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day, not before the first; none means until further notice.
    pub valid_until: Option<NaiveDate>,
    /// The code that took its place; only after a last day, and another one.
    pub successor: Option<String>,
}

impl StaffChange for PutMunicipality {
    const RPC: StaffRpc = StaffRpc::PutMunicipality;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        begin(desk).await?;
        let all = municipalities(desk).await?;
        let is_own =
            |row: &&municipality_codes::Model| row.code == self.code && row.valid_from == self.valid_from;
        let days = Span { first: self.valid_from, last: self.valid_until };
        let mut others = all.iter().filter(|row| row.code == self.code && row.valid_from != self.valid_from);
        if others.any(|row| days.overlaps(Span { first: row.valid_from, last: row.valid_until })) {
            return Err(RegisterError::RuleBroken {
                rule: "a code stands for one municipality at a time: end the earlier entry first",
            });
        }
        let there = all.iter().find(is_own);
        let row = municipality_codes::ActiveModel {
            code: Set(self.code.clone()),
            name_fi: Set(self.name_fi.clone()),
            name_sv: Set(self.name_sv.clone()),
            valid_from: Set(self.valid_from),
            valid_until: Set(self.valid_until),
            successor: Set(self.successor.clone()),
        };
        match there {
            None => row.insert(desk.transaction).await,
            Some(_) => row.update(desk.transaction).await,
        }
        .map_err(StoreError::from)?;
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        let fields = differences([
            ("name_fi", there.map(|row| row.name_fi.clone()), Some(self.name_fi.clone())),
            ("name_sv", there.map(|row| row.name_sv.clone()), Some(self.name_sv.clone())),
            ("valid_until", day(there.and_then(|row| row.valid_until)), day(self.valid_until)),
            ("successor", there.and_then(|row| row.successor.clone()), self.successor.clone()),
        ]);
        desk.changed(format!("municipality {} from {}", self.code, self.valid_from), fields);
        Ok(there.is_none())
    }
}
