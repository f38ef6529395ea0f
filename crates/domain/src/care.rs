//! Until when a guardian acts in the place of a ward: handles its loans and holds, not by sharing its PIN (A53).

use crate::RelationKind;
use crate::age::{birthday_on, has_reached};
use crate::relations::Bond;
use chrono::NaiveDate;

/// From this age of the ward, in years, nobody acts in its place any more (A53).
pub const ACTED_FOR_UNTIL_AGE: u8 = 15;

/// The first day on which nobody acts by this relation any more; none where nobody does on the day `today`.
///
/// A guardian acts while the relation is in force, under a policy that ends it at this age of the ward, and the ward is
/// known to be under [`ACTED_FOR_UNTIL_AGE`]. Without a birth date nobody acts: nobody could say until when.
#[must_use]
pub fn acts_until(bond: &Bond, guardian_end_age: u8, today: NaiveDate) -> Option<NaiveDate> {
    let birth = bond.ward_birth_date?;
    let acts = bond.kind == RelationKind::Guardian
        && bond.is_in_force(guardian_end_age, today)
        && !has_reached(birth, ACTED_FOR_UNTIL_AGE, today);
    if !acts {
        return None;
    }
    let grown = birthday_on(birth, ACTED_FOR_UNTIL_AGE.min(guardian_end_age))?;
    let lapsed = bond.valid_until.and_then(|last| last.succ_opt());
    Some(lapsed.map_or(grown, |lapsed| lapsed.min(grown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    const TODAY: &str = "2026-05-20";

    fn guardian_of(born: &str) -> Bond {
        Bond {
            kind: RelationKind::Guardian,
            valid_from: date("2020-01-01"),
            valid_until: None,
            dissolved: false,
            ward_birth_date: Some(date(born)),
        }
    }

    #[test]
    fn a_guardian_acts_until_the_fifteenth_birthday() {
        let table = [
            ("2016-03-01", TODAY, Some("2031-03-01")),
            ("2011-05-21", TODAY, Some("2026-05-21")),
            ("2011-05-20", TODAY, None),
            ("2008-01-01", TODAY, None),
            // Born on 29 February: 15 on the last day of February of a common year.
            ("2012-02-29", "2027-02-27", Some("2027-02-28")),
            ("2012-02-29", "2027-02-28", None),
            ("2012-02-28", "2027-02-27", Some("2027-02-28")),
        ];
        for (born, today, until) in table {
            let found = acts_until(&guardian_of(born), 18, date(today));
            assert_eq!(found, until.map(date), "born {born}, on {today}");
        }
    }

    #[test]
    fn only_by_a_guardianship_in_force_of_a_ward_whose_age_is_known() {
        let bond = guardian_of("2016-03-01");
        let table = [
            (bond, 18, Some("2031-03-01")),
            (bond, 15, Some("2031-03-01")),
            // A policy that ends the relation earlier.
            (bond, 12, Some("2028-03-01")),
            (bond, 10, None),
            (Bond { valid_until: Some(date(TODAY)), ..bond }, 18, Some("2026-05-21")),
            (Bond { valid_until: Some(date("2040-01-01")), ..bond }, 18, Some("2031-03-01")),
            (Bond { valid_until: Some(date("2026-05-19")), ..bond }, 18, None),
            (Bond { valid_from: date("2026-05-21"), ..bond }, 18, None),
            (Bond { dissolved: true, ..bond }, 18, None),
            (Bond { ward_birth_date: None, ..bond }, 18, None),
            (Bond { kind: RelationKind::Guarantor, ..bond }, 18, None),
            (Bond { kind: RelationKind::ResponsiblePerson, ..bond }, 18, None),
        ];
        for (row, (bond, end_age, until)) in table.into_iter().enumerate() {
            assert_eq!(acts_until(&bond, end_age, date(TODAY)), until.map(date), "row {row}");
        }
    }
}
