//! The details of a patron that staff give at registration and change later (A15 to A20, A34 to A42, A64).

use super::{
    field::{Differences, Field},
    lookup,
};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffDesk},
};
use chrono::NaiveDate;
use kortisto_domain::{
    Gender, IdentityDocument, PatronCategory,
    names::search_name,
    protection,
    registration::{self, DetailFault, Details},
};
use kortisto_store::{StoreError, entities::patrons};
use serde::Serialize;

/// Which category a patron gets.
#[derive(Clone, Serialize)]
pub enum CategoryChoice {
    /// One of the canonical ones.
    Canonical(PatronCategory),
    /// One of the consortium's own list, which says which canonical one it is (A42).
    Own(String),
}

/// What is given of a patron. What is not given stays as it is; at a registration, empty. Personal data: it has no
/// `Debug`.
#[derive(Clone, Default, Serialize)]
pub struct PatronDetails {
    /// Family name, or the name of an institution, 1 to 100 characters.
    pub family_name: Option<String>,
    /// All given names, at most 100 characters.
    pub given_names: Option<String>,
    /// The given name in use.
    pub call_name: Field<String>,
    /// Birth date.
    pub birth_date: Field<NaiveDate>,
    /// Gender, for statistics only.
    pub gender: Field<Gender>,
    /// Mother tongue, ISO 639, for statistics only.
    pub mother_tongue: Field<String>,
    /// One of [`kortisto_domain::languages::SERVICE_LANGUAGES`].
    pub service_language: Option<String>,
    /// Category.
    pub category: Option<CategoryChoice>,
    /// Code of the home municipality, three digits.
    pub home_municipality: Field<String>,
    /// Code of the home branch.
    pub home_branch: Option<String>,
    /// Code of the branch where holds are picked up unless another is named (A64).
    pub pickup_branch: Field<String>,
    /// Last day of the right to use the library.
    pub valid_until: Field<NaiveDate>,
    /// Business id of an institution, with its check digit.
    pub business_id: Field<String>,
    /// Whether a protected address is ordered.
    pub protected_address: Option<bool>,
    /// Last day of that order.
    pub protected_until: Field<NaiveDate>,
    /// With what the person proved who they are, now and to the staff member who says so (A110).
    pub identity_document: Option<IdentityDocument>,
}

impl PatronDetails {
    /// Puts the details into a record and gives those that differ.
    ///
    /// # Errors
    /// [`RegisterError`]: what is referred to does not exist, or a detail does not fit the others.
    pub(super) async fn put_into(
        &self,
        desk: &StaffDesk<'_>,
        patron: &mut patrons::Model,
    ) -> Result<Vec<FieldChange>, RegisterError> {
        let mut differences = Differences::default();
        let had_born = patron.birth_date;
        self.put_person(desk, patron, &mut differences)?;
        self.put_category(desk, patron, &mut differences).await?;
        self.put_places(desk, patron, &mut differences).await?;
        self.put_protection(desk, patron, &mut differences)?;
        if patron.birth_date != had_born && lookup::has_identity_code(desk, patron.id).await? {
            let rule = "the birth date follows from the identity code; correct that instead";
            return Err(RegisterError::RuleBroken { rule });
        }
        check_fit(desk, patron)?;
        patron.search_name = search_name(&patron.family_name, &patron.given_names);
        Ok(differences.into_changes())
    }

    fn put_person(
        &self,
        desk: &StaffDesk<'_>,
        patron: &mut patrons::Model,
        differences: &mut Differences,
    ) -> Result<(), RegisterError> {
        differences.put_text("family_name", &mut patron.family_name, self.family_name.as_ref());
        differences.put_text("given_names", &mut patron.given_names, self.given_names.as_ref());
        differences.put_optional("call_name", &mut patron.call_name, &self.call_name);
        differences.put_optional("birth_date", &mut patron.birth_date, &self.birth_date);
        let gender = match self.gender {
            Field::Keep => patron.gender,
            Field::Clear => None,
            Field::Set(gender) => Some(gender.code()),
        };
        differences.put("gender", &mut patron.gender, gender, |code| word(*code, Gender::word));
        differences.put_optional("mother_tongue", &mut patron.mother_tongue, &self.mother_tongue);
        differences.put_text(
            "service_language",
            &mut patron.service_language,
            self.service_language.as_ref(),
        );
        differences.put_optional("valid_until", &mut patron.valid_until, &self.valid_until);
        differences.put_optional("business_id", &mut patron.business_id, &self.business_id);
        if let Some(document) = self.identity_document {
            // Proven anew each time, also with a document of the same kind.
            let old = patron.identity_document.and_then(|code| word(Some(code), IdentityDocument::word));
            let change = FieldChange::new("identity_document", old, Some(document.word().to_owned()));
            differences.note(change);
            patron.identity_document = Some(document.code());
            patron.identity_checked_at = Some(desk.moment.at());
            patron.identity_checked_by = Some(desk.author());
        }
        Ok(())
    }

    async fn put_category(
        &self,
        desk: &StaffDesk<'_>,
        patron: &mut patrons::Model,
        differences: &mut Differences,
    ) -> Result<(), RegisterError> {
        let (canonical, code) = match &self.category {
            None => return Ok(()),
            Some(CategoryChoice::Canonical(canonical)) => (canonical.code(), None),
            Some(CategoryChoice::Own(code)) => {
                let category = lookup::category(desk, code).await?.ok_or_else(|| {
                    let rule = "a code of ListCategories".to_owned();
                    RegisterError::FieldInvalid { field: "category_code", rule }
                })?;
                (category.canonical, Some(category.code))
            }
        };
        differences
            .put("category", &mut patron.category, canonical, |code| word(Some(*code), PatronCategory::word));
        differences.put("category_code", &mut patron.category_code, code, Clone::clone);
        Ok(())
    }

    async fn put_places(
        &self,
        desk: &StaffDesk<'_>,
        patron: &mut patrons::Model,
        differences: &mut Differences,
    ) -> Result<(), RegisterError> {
        if let Field::Set(code) = &self.home_municipality {
            lookup::check_municipality(desk, code).await?;
        }
        differences.put_optional("home_municipality", &mut patron.home_municipality, &self.home_municipality);
        let rulebook = desk.rulebook().await?;
        let show = |id: &i64| Some(rulebook.branch_code(*id).to_owned());
        if let Some(code) = &self.home_branch {
            let wanted = lookup::branch(desk, "home_branch", code).await?;
            differences.put("home_branch", &mut patron.home_branch_id, wanted, show);
        }
        let wanted = match &self.pickup_branch {
            Field::Keep => return Ok(()),
            Field::Clear => None,
            Field::Set(code) => Some(lookup::branch(desk, "pickup_branch", code).await?),
        };
        differences
            .put("pickup_branch", &mut patron.pickup_branch_id, wanted, |id| id.as_ref().and_then(show));
        Ok(())
    }

    fn put_protection(
        &self,
        desk: &StaffDesk<'_>,
        patron: &mut patrons::Model,
        differences: &mut Differences,
    ) -> Result<(), RegisterError> {
        if let Some(wanted) = self.protected_address {
            differences.put("protected_address", &mut patron.protected_address, wanted, |protected| {
                protected.then(|| "ordered".to_owned())
            });
        }
        let invalid =
            |rule: &str| Err(RegisterError::FieldInvalid { field: "protected_until", rule: rule.to_owned() });
        if let Field::Set(last_day) = self.protected_until {
            if !patron.protected_address {
                return invalid("only where an address is protected");
            }
            if !protection::may_end_on(last_day, desk.moment.today()) {
                return invalid("today or later, at most 5 years ahead");
            }
        }
        // Without an order there is nothing that ends.
        let wanted = if patron.protected_address { self.protected_until } else { Field::Clear };
        differences.put_optional("protected_until", &mut patron.protected_until, &wanted);
        Ok(())
    }
}

/// Refuses details that do not fit the category.
fn check_fit(desk: &StaffDesk<'_>, patron: &patrons::Model) -> Result<(), RegisterError> {
    let details = Details {
        category: PatronCategory::try_from(patron.category).map_err(StoreError::from)?,
        given_names: &patron.given_names,
        birth_date: patron.birth_date,
        has_personal_detail: patron.call_name.is_some()
            || patron.gender.is_some()
            || patron.mother_tongue.is_some(),
        has_business_id: patron.business_id.is_some(),
    };
    let invalid = |field, rule: &str| Err(RegisterError::FieldInvalid { field, rule: rule.to_owned() });
    match registration::check(&details, desk.moment.today()) {
        Ok(()) => Ok(()),
        Err(DetailFault::GivenNamesMissing) => {
            invalid("given_names", "all given names of a person; a hyphen for one who has none")
        }
        Err(DetailFault::BirthDateAhead) => invalid("birth_date", "today or earlier"),
        Err(DetailFault::PersonalDetail) => Err(RegisterError::RuleBroken {
            rule: "an institution or another library has no given names, birth date, gender or mother tongue",
        }),
        Err(DetailFault::BusinessId) => Err(RegisterError::RuleBroken {
            rule: "only an institution or another library has a business id",
        }),
    }
}

/// The word of a code, for the trail.
pub(super) fn word<T: TryFrom<i16>>(code: Option<i16>, word: impl Fn(T) -> &'static str) -> Option<String> {
    code.and_then(|code| T::try_from(code).ok()).map(|value| word(value).to_owned())
}
