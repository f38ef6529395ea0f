//! Relations on and around birthdays and last days.

use super::*;
use crate::samples::{date, local};

const END_AGE: u8 = 15;

fn guardian(ward_born: Option<&str>) -> Bond {
    Bond {
        kind: RelationKind::Guardian,
        valid_from: date("2020-01-01"),
        valid_until: None,
        dissolved: false,
        ward_birth_date: ward_born.map(date),
    }
}

#[test]
fn a_guardian_stops_being_one_at_local_midnight_of_the_birthday() {
    let table = [
        ("2011-05-20", 15, "2026-05-19 23:59", BondState::InForce),
        ("2011-05-20", 15, "2026-05-20 00:00", BondState::Outgrown),
        ("2010-05-20", 16, "2026-05-19 23:59", BondState::InForce),
        ("2010-05-20", 16, "2026-05-20 00:00", BondState::Outgrown),
        ("2008-05-20", 18, "2026-05-19 23:59", BondState::InForce),
        ("2008-05-20", 18, "2026-05-20 00:00", BondState::Outgrown),
        // Born on 29 February: a year older on the last day of February.
        ("2012-02-29", 15, "2027-02-27 23:59", BondState::InForce),
        ("2012-02-29", 15, "2027-02-28 00:00", BondState::Outgrown),
        ("2012-02-29", 16, "2028-02-28 23:59", BondState::InForce),
        ("2012-02-29", 16, "2028-02-29 00:00", BondState::Outgrown),
    ];
    for (born, end_age, at, expected) in table {
        assert_eq!(guardian(Some(born)).state(end_age, local(at).today()), expected, "{born}, {at}");
    }
}

#[test]
fn a_relation_counts_on_its_days_until_somebody_ends_it() {
    let today = date("2026-05-20");
    let days = |from: &str, until: Option<&str>| Bond {
        valid_from: date(from),
        valid_until: until.map(date),
        ..guardian(Some("2015-01-01"))
    };
    let table = [
        (days("2026-05-20", None), BondState::InForce),
        (days("2026-05-20", Some("2026-05-20")), BondState::InForce),
        (days("2026-05-21", None), BondState::Ahead),
        (days("2020-01-01", Some("2026-05-19")), BondState::Lapsed),
        (Bond { dissolved: true, ..days("2020-01-01", None) }, BondState::Dissolved),
        (guardian(None), BondState::InForce),
    ];
    for (bond, expected) in table {
        assert_eq!(bond.state(END_AGE, today), expected, "{bond:?}");
    }
    // Only guardians are outgrown.
    for kind in [RelationKind::Guarantor, RelationKind::ResponsiblePerson] {
        let bond = Bond { kind, ..guardian(Some("1980-01-01")) };
        assert_eq!(bond.state(END_AGE, today), BondState::InForce, "{kind:?}");
    }
}

#[test]
fn a_guardian_is_kept_until_the_ward_is_fifteen_and_the_relation_is_dissolved() {
    let today = date("2026-05-20");
    let dissolved = |born: Option<&str>| Bond { dissolved: true, ..guardian(born) };
    let table = [
        (guardian(Some("2015-01-01")), 15, vec![ErasureHold::RelationStands, ErasureHold::WardIsChild]),
        (dissolved(Some("2015-01-01")), 15, vec![ErasureHold::WardIsChild]),
        (dissolved(Some("2011-05-21")), 15, vec![ErasureHold::WardIsChild]),
        (dissolved(Some("2011-05-20")), 15, vec![]),
        // The ward is fifteen; whether the relation stands depends on the policy.
        (guardian(Some("2011-05-20")), 15, vec![]),
        (guardian(Some("2011-05-20")), 18, vec![ErasureHold::RelationStands]),
        (guardian(None), 15, vec![ErasureHold::RelationStands, ErasureHold::WardAgeUnknown]),
        (dissolved(None), 15, vec![ErasureHold::WardAgeUnknown]),
        (
            Bond { valid_from: date("2026-06-01"), ..guardian(Some("2009-01-01")) },
            18,
            vec![ErasureHold::RelationStands],
        ),
        (Bond { kind: RelationKind::Guarantor, ..dissolved(Some("2015-01-01")) }, 15, vec![]),
        (
            Bond { kind: RelationKind::ResponsiblePerson, ..guardian(None) },
            15,
            vec![ErasureHold::RelationStands],
        ),
    ];
    for (bond, end_age, expected) in table {
        let holds: Vec<_> =
            erasure_holds(&[bond], end_age, today).into_iter().map(|(_, hold)| hold).collect();
        assert_eq!(holds, expected, "{bond:?}");
    }
    let two = [dissolved(Some("2000-01-01")), guardian(Some("2015-01-01"))];
    assert_eq!(
        erasure_holds(&two, END_AGE, today),
        [(1, ErasureHold::RelationStands), (1, ErasureHold::WardIsChild)]
    );
    assert_eq!(erasure_holds(&[], END_AGE, today), []);
}

#[test]
fn an_institution_needs_a_responsible_person_in_force() {
    let today = date("2026-05-20");
    let responsible = Bond { kind: RelationKind::ResponsiblePerson, ..guardian(None) };
    let table = [
        (vec![], false),
        (vec![guardian(None)], false),
        (vec![responsible], true),
        (vec![Bond { dissolved: true, ..responsible }], false),
        (vec![Bond { valid_until: Some(date("2026-05-19")), ..responsible }], false),
        (vec![Bond { valid_from: date("2026-05-21"), ..responsible }, responsible], true),
    ];
    for (bonds, answered) in table {
        let asked = |category| is_answered_for(category, &bonds, END_AGE, today);
        assert_eq!(asked(PatronCategory::Institution), answered, "{bonds:?}");
        assert!(asked(PatronCategory::Person) && asked(PatronCategory::InterlibraryLoan));
    }
}

#[test]
fn persons_stand_beside_persons_and_responsible_persons_beside_institutions_too() {
    let today = date("2026-05-20");
    let guardian = NewBond {
        kind: RelationKind::Guardian,
        ward: PatronCategory::Person,
        ward_birth_date: Some(date("2011-05-21")),
        other: PatronCategory::Person,
        valid_from: today,
        valid_until: None,
    };
    let responsible = NewBond {
        kind: RelationKind::ResponsiblePerson,
        ward: PatronCategory::Institution,
        ward_birth_date: None,
        ..guardian
    };
    let table = [
        (guardian, Ok(())),
        (NewBond { ward_birth_date: None, ..guardian }, Ok(())),
        (NewBond { ward_birth_date: Some(date("2011-05-20")), ..guardian }, Err(BondRule::WardIsYoung)),
        (NewBond { ward: PatronCategory::Institution, ..guardian }, Err(BondRule::WardIsPerson)),
        (NewBond { other: PatronCategory::Institution, ..guardian }, Err(BondRule::OtherIsPerson)),
        (responsible, Ok(())),
        (NewBond { kind: RelationKind::Guarantor, ..responsible }, Err(BondRule::WardIsPerson)),
        (NewBond { other: PatronCategory::InterlibraryLoan, ..responsible }, Err(BondRule::OtherIsPerson)),
        (NewBond { valid_until: Some(today), ..guardian }, Ok(())),
        (NewBond { valid_until: Some(date("2026-05-19")), ..guardian }, Err(BondRule::Days)),
        (
            NewBond { valid_from: date("2026-06-02"), valid_until: Some(date("2026-06-01")), ..guardian },
            Err(BondRule::Days),
        ),
    ];
    for (new, expected) in table {
        assert_eq!(check(&new, END_AGE, today), expected, "{new:?}");
    }
    // A guarantor may stand beside a grown-up.
    let grown =
        NewBond { kind: RelationKind::Guarantor, ward_birth_date: Some(date("1980-01-01")), ..guardian };
    assert_eq!(check(&grown, END_AGE, today), Ok(()));
}
