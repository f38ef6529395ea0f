//! What notices come from. Each cause has one word, and no two lines have the same (A58: what was sent is on record).

use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::NoticeKind;
use kortisto_store::queries::{changes::NoticeLineRow, dialect::At};
use uuid::Uuid;

/// A hold that became ready at this moment. One that is sent on and comes back is told anew.
pub(crate) fn pickup(id: Uuid, patron_id: i64, hold: Uuid, ready_at: DateTime<Utc>) -> NoticeLineRow {
    NoticeLineRow {
        cause: became_ready(hold, ready_at),
        hold_id: Some(hold),
        ..line(id, patron_id, NoticeKind::Pickup, ready_at)
    }
}

/// A hold that was ready on the shelf and is put into a locker, as its patron wished: told once, however often it is moved.
pub(crate) fn stocked(
    id: Uuid,
    patron_id: i64,
    hold: Uuid,
    ready_at: DateTime<Utc>,
    at: DateTime<Utc>,
) -> NoticeLineRow {
    NoticeLineRow {
        cause: was_stocked(hold, ready_at),
        hold_id: Some(hold),
        ..line(id, patron_id, NoticeKind::Pickup, at)
    }
}

/// The word for a hold that became ready at this moment.
pub(crate) fn became_ready(hold: Uuid, ready_at: DateTime<Utc>) -> String {
    format!("pickup:{hold}:{}", ready_at.timestamp_micros())
}

/// The word for one that was put into a locker after that.
pub(crate) fn was_stocked(hold: Uuid, ready_at: DateTime<Utc>) -> String {
    format!("stocked:{hold}:{}", ready_at.timestamp_micros())
}

/// A loan that was billed.
pub(crate) fn invoice(
    id: Uuid,
    patron_id: i64,
    item_id: i64,
    loan: Uuid,
    at: DateTime<Utc>,
) -> NoticeLineRow {
    NoticeLineRow {
        // A loan that is found and billed again is told anew.
        cause: format!("invoice:{loan}:{}", at.timestamp_micros()),
        item_id: Some(item_id),
        loan_id: Some(loan),
        ..line(id, patron_id, NoticeKind::Invoice, at)
    }
}

/// A loan that is reminded of, before (step 0) or after its due date.
pub(crate) struct Reminded {
    pub(crate) item_id: i64,
    pub(crate) loan: Uuid,
    pub(crate) due_on: NaiveDate,
    pub(crate) step: i16,
}

/// A loan of a notice that reminds, at this place of it.
pub(crate) fn reminder(
    id: Uuid,
    patron_id: i64,
    loan: &Reminded,
    position: i16,
    at: DateTime<Utc>,
) -> NoticeLineRow {
    let (kind, word) = if loan.step == 0 {
        (NoticeKind::DueReminder, "due".to_owned())
    } else {
        (NoticeKind::Overdue, format!("overdue-{}", loan.step))
    };
    NoticeLineRow {
        step: loan.step,
        position,
        cause: format!("{word}:{}:{}", loan.loan, loan.due_on),
        item_id: Some(loan.item_id),
        loan_id: Some(loan.loan),
        due_on: Some(loan.due_on),
        ..line(id, patron_id, kind, at)
    }
}

fn line(id: Uuid, patron_id: i64, kind: NoticeKind, at: DateTime<Utc>) -> NoticeLineRow {
    NoticeLineRow {
        notice_id: id,
        patron_id,
        kind: kind.code(),
        step: 0,
        at: At(at),
        position: 0,
        cause: String::new(),
        item_id: None,
        loan_id: None,
        due_on: None,
        hold_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_one_word() {
        let (id, loan) = (Uuid::from_u128(1), Uuid::from_u128(7));
        let at = DateTime::from_timestamp_micros(1_750_000_000_000_001).unwrap();
        let reminded = |due_on: &str, step| {
            let loan = Reminded { item_id: 3, loan, due_on: due_on.parse().unwrap(), step };
            reminder(id, 5, &loan, 0, at)
        };
        let rows = [
            pickup(id, 5, loan, at),
            pickup(id, 5, loan, at + chrono::TimeDelta::microseconds(1)),
            stocked(id, 5, loan, at, at),
            invoice(id, 5, 3, loan, at),
            reminded("2026-05-20", 0),
            reminded("2026-05-21", 0),
            reminded("2026-05-20", 1),
            reminded("2026-05-20", 2),
        ];
        let mut causes: Vec<_> = rows.iter().map(|row| row.cause.as_str()).collect();
        assert_eq!(causes[0], "pickup:00000000-0000-0000-0000-000000000007:1750000000000001");
        assert_eq!(causes[6], "overdue-1:00000000-0000-0000-0000-000000000007:2026-05-20");
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), rows.len());
        assert_eq!(rows[4].kind, NoticeKind::DueReminder.code());
        assert_eq!((rows[7].kind, rows[7].step), (NoticeKind::Overdue.code(), 2));
    }
}
