//! Who gets a notice and where, from what the register holds about the patron and the guardians.

use super::{Destination, facts::NoticeFacts};
use crate::RegisterError;
use chrono::NaiveDate;
use kortisto_domain::{
    NoticeChannel, NoticeKind, NoticeReason, PatronCategory, PatronState,
    contact::{self, HOME_COUNTRY, PostalFacts},
    notices::recipient::{Addressees, Channels, Reach, Recipient, choose},
    protection, registration,
    relations::Bond,
};
use kortisto_store::{
    StoreError,
    entities::{addresses, notices, patrons},
};

/// Who gets a notice, and where. Personal data: it has no `Debug`.
pub(crate) struct Addressee<'f> {
    /// The patron or a guardian.
    pub(crate) person: &'f patrons::Model,
    /// Whether it is a guardian.
    pub(crate) for_ward: bool,
    pub(crate) channel: NoticeChannel,
    pub(crate) destination: Destination,
}

impl NoticeFacts {
    /// Who gets this notice today. The inner error says why nobody does.
    pub(crate) fn addressee(
        &self,
        notice: &notices::Model,
        offered: Channels,
        today: NaiveDate,
    ) -> Result<Result<Addressee<'_>, NoticeReason>, RegisterError> {
        let patron =
            self.patrons.get(&notice.patron_id).ok_or(RegisterError::Internal("a notice has no patron"))?;
        let kind = NoticeKind::try_from(notice.kind).map_err(StoreError::from)?;
        let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
        let preferred = self.preferences.get(&(patron.id, notice.kind));
        let preferred = preferred.map(|row| NoticeChannel::try_from(row.channel)).transpose();
        let guardians = self.guardians_of(patron, today)?;
        let reaches: Vec<_> = guardians.iter().map(|guardian| self.reach(guardian, today)).collect();
        let ask = Addressees {
            notice: kind,
            preferred: preferred.map_err(StoreError::from)?,
            patron: self.reach(patron, today),
            is_child: registration::is_child(category, patron.birth_date, today),
            guardians: &reaches,
            offered,
        };
        let (recipient, channel) = match choose(&ask) {
            Ok(chosen) => chosen,
            Err(reason) => return Ok(Err(reason)),
        };
        let person = match recipient {
            Recipient::Patron => patron,
            Recipient::Guardian(place) => guardians[place],
        };
        let destination = self
            .destination(person, channel, today)
            .ok_or(RegisterError::Internal("a notice has nowhere to go"))?;
        Ok(Ok(Addressee { person, for_ward: person.id != patron.id, channel, destination }))
    }

    /// The guardians in force of a patron, the oldest relation first.
    fn guardians_of(
        &self,
        ward: &patrons::Model,
        today: NaiveDate,
    ) -> Result<Vec<&patrons::Model>, RegisterError> {
        let end_age = self.rulebook.policies.relations(today).guardian_end_age;
        let mut found = Vec::new();
        for row in self.guardians.get(&ward.id).into_iter().flatten() {
            let bond = Bond {
                kind: row.kind.try_into().map_err(StoreError::from)?,
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                dissolved: row.ended_at.is_some(),
                ward_birth_date: ward.birth_date,
            };
            if bond.is_in_force(end_age, today) {
                found.extend(self.patrons.get(&row.other_id));
            }
        }
        Ok(found)
    }

    fn reach(&self, person: &patrons::Model, today: NaiveDate) -> Reach {
        let leads = |channel| self.destination(person, channel, today).is_some();
        Reach {
            channels: Channels {
                letter: leads(NoticeChannel::Letter),
                email: leads(NoticeChannel::Email),
                sms: leads(NoticeChannel::Sms),
            },
            protected: protection::is_protected(person.protected_address, person.protected_until, today),
            restricted: person.state == PatronState::Restricted.code(),
        }
    }

    fn destination(
        &self,
        person: &patrons::Model,
        channel: NoticeChannel,
        today: NaiveDate,
    ) -> Option<Destination> {
        match channel {
            NoticeChannel::None => None,
            NoticeChannel::Email => {
                self.emails.get(&person.id).map(|row| Destination::Email(row.address.clone()))
            }
            NoticeChannel::Sms => self.phones.get(&person.id).map(|row| Destination::Sms(row.number.clone())),
            NoticeChannel::Letter => {
                let rows = self.addresses.get(&person.id)?;
                let facts: Vec<_> = rows.iter().map(postal).collect::<Option<_>>()?;
                let row = &rows[contact::mailing_address(&facts, today)?];
                Some(Destination::Letter(envelope(person, row)))
            }
        }
    }
}

fn postal(row: &addresses::Model) -> Option<PostalFacts> {
    Some(PostalFacts {
        kind: row.kind.try_into().ok()?,
        mailing: row.mailing,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    })
}

/// The lines of an address, as they stand in the window of an envelope.
fn envelope(person: &patrons::Model, address: &addresses::Model) -> Vec<String> {
    let name = format!("{} {}", person.given_names, person.family_name);
    let place = format!("{} {}", address.postcode, address.post_office);
    let country = if address.country == HOME_COUNTRY { "" } else { &address.country };
    [name.trim(), address.street.trim(), place.trim(), country]
        .into_iter()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
