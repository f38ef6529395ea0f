//! The books are closed: what the register holds against what the people remember.

use super::tally::Tally;
use kortisto_domain::FeeEntryKind;
use kortisto_register::audit::{SEAL_MARGIN, Sealer, verify};
use kortisto_testkit::{TestRegister, patient};
use std::collections::BTreeMap;

async fn sum(t: &TestRegister, sql: &str) -> i64 {
    let row = patient::query_all(&t.store, sql).await.unwrap().remove(0);
    row.try_get_by_index::<Option<i64>>(0).unwrap().unwrap_or_default()
}

fn counted(reports: &BTreeMap<(&str, &str), u64>, what: &str) -> u64 {
    reports.iter().filter(|((_, name), _)| *name == what).map(|(_, count)| count).sum()
}

pub(super) async fn balance(t: &TestRegister, tally: &Tally, reports: &BTreeMap<(&str, &str), u64>) {
    t.probe().await;

    // Loans.
    let loans = i64::try_from(tally.loans).unwrap();
    let open = sum(t, "select count(*) from open_loans").await;
    let closed = sum(t, "select count(*) from loan_history").await;
    let forgotten = i64::try_from(counted(reports, "forgotten_loans")).unwrap();
    assert_eq!(open + closed + forgotten, loans, "every loan is open, traced or forgotten");
    assert_eq!(open, loans - i64::try_from(tally.returns).unwrap(), "what came back is not out");
    assert_eq!(sum(t, "select sum(loans)::bigint from year_counters").await, loans, "and was counted");
    assert!(forgotten > 0 && closed > 0);
    // One for which something was paid today is forgotten tonight.
    let late = "select count(*) from loan_history h where h.returned_at < \
        (select max(at) from audit) - interval '62 days' \
        and not exists (select 1 from fees f where f.loan_id = h.id and (f.open_cents > 0 \
            or exists (select 1 from fee_entries e where e.fee_id = f.id \
                and e.at > (select max(at) from audit) - interval '2 days')))";
    assert_eq!(sum(t, late).await, 0, "no trace outlives its days");

    // Money.
    let of_kind = async |kind: FeeEntryKind| {
        sum(t, &format!("select sum(cents)::bigint from fee_entries where kind = {}", kind.code())).await
    };
    let paid = of_kind(FeeEntryKind::Payment).await;
    assert_eq!(-paid, tally.paid_cents, "what was paid, to the cent");
    assert_eq!(sum(t, "select sum(cents)::bigint from payments").await, tally.paid_cents);
    assert_eq!(
        sum(t, "select count(*) from payments").await,
        i64::try_from(tally.payments).unwrap(),
        "one payment for each"
    );
    let entries = sum(t, "select sum(cents)::bigint from fee_entries").await;
    let owed = sum(t, "select sum(open_cents)::bigint from fees").await;
    assert_eq!(entries, owed, "what is owed is the sum of the ledger");
    let charged = sum(t, "select sum(amount_cents)::bigint from fees").await;
    assert_eq!(of_kind(FeeEntryKind::Charge).await, charged);
    assert!(paid < 0 && charged > tally.paid_cents);

    // Bills, and holds that nobody picked up.
    assert!(counted(reports, "billed_loans") > 0 && counted(reports, "uncollected_holds") > 0);
    let billed = sum(t, "select count(*) from fees where kind = 'compensation'").await;
    assert_eq!(billed, i64::try_from(counted(reports, "billed_loans")).unwrap(), "each loan is billed once");

    // The trail.
    let mut sealer = Sealer::new(&t.register, None);
    sealer.seal(SEAL_MARGIN).await.unwrap();
    let report = verify(t.store.readers(), &t.keys.audit_public_key(), &[]).await.unwrap();
    assert_eq!((report.fault, report.unsealed), (None, 0), "the chain is whole");
    assert!(report.forgotten > 0);
}
