//! `PlaceService.ListMunicipalities`: the codes, and what each stands for on a day.

use super::{municipalities, municipality};
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::{
    Purpose,
    places::municipality::{Standing, standing},
};
use kortisto_store::entities::municipality_codes;

/// Asks for a page of codes.
pub struct ListMunicipalities {
    /// The day that is asked about; none means today.
    pub day: Option<NaiveDate>,
    /// Which page, by the codes and their first days.
    pub page: Page<(String, NaiveDate)>,
}

/// An entry and what it stands for.
#[derive(Debug, Clone)]
pub struct ListedMunicipality {
    /// The entry.
    pub entry: municipality_codes::Model,
    /// The municipality that it stands for on the day asked about.
    pub stands_for: Option<String>,
}

impl StaffView for ListMunicipalities {
    const RPC: StaffRpc = StaffRpc::ListMunicipalities;
    type Answer = Paged<ListedMunicipality, (String, NaiveDate)>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        // The whole table, which has some hundreds of rows: a merger leads from any code to any other.
        let rows = municipalities(desk).await?;
        let all: Vec<_> = rows.iter().map(municipality).collect();
        let day = self.day.unwrap_or_else(|| desk.moment.today());
        let after = self.page.after.as_ref().map(|(code, first)| (code.as_str(), *first));
        let listed = rows
            .iter()
            .filter(|row| after.is_none_or(|after| (row.code.as_str(), row.valid_from) > after))
            .take(self.page.size + 1)
            .map(|row| ListedMunicipality {
                entry: row.clone(),
                stands_for: match standing(&all, &row.code, day) {
                    Standing::Is(code) => Some(code.to_owned()),
                    Standing::Ended | Standing::Unknown => None,
                },
            });
        let key = |listed: &ListedMunicipality| (listed.entry.code.clone(), listed.entry.valid_from);
        Ok(self.page.cut(listed.collect(), key))
    }
}
