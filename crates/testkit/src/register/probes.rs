//! The invariants as SQL that any test may run at any moment (I1 to I7).

use super::TestRegister;
use crate::patient::query_all;
use kortisto_store::Store;

/// Name of the invariant, and a query that finds what breaks it.
const PROBES: [(&str, &str); 24] = [
    (
        "I1: a loan is open or in the history, never both",
        "select count(*) from open_loans o join loan_history h on h.id = o.id",
    ),
    (
        "I1: loan ids are never reused",
        "select count(*) from (select id from open_loans union all select id from loan_history) l \
         group by id having count(*) > 1",
    ),
    (
        "I3: an item is kept for one hold that knows it",
        "select count(*) from items i left join holds h on h.id = i.kept_for_hold_id \
         where i.kept_for_hold_id is not null and (h.id is null or h.kept_item_id is null \
         or h.kept_item_id <> i.id or h.state not in (2, 3))",
    ),
    (
        "I3: a hold that has an item is kept by that item",
        "select count(*) from holds h left join items i on i.id = h.kept_item_id \
         where h.state in (2, 3) and (i.id is null or i.kept_for_hold_id is null or i.kept_for_hold_id <> h.id)",
    ),
    (
        "I3: an item is kept for at most one hold",
        "select count(*) from holds where kept_item_id is not null group by kept_item_id having count(*) > 1",
    ),
    (
        "I3: what is not ready is reserved nowhere",
        "select count(*) from holds where state <> 3 and (reserved_until is not null or reserved_device_id is not null)",
    ),
    (
        "a number of a queue is given once",
        "select count(*) from holds group by title_id, queue_number having count(*) > 1",
    ),
    (
        "I4: an item on loan is kept for nobody",
        "select count(*) from open_loans o join items i on i.id = o.item_id where i.kept_for_hold_id is not null",
    ),
    (
        "I5: a remembered answer has its audit row",
        "select count(*) from remembered_answers r left join audit a on a.device_id = r.device_id \
         and a.request_id = r.request_id where a.id is null",
    ),
    (
        "I7: a loan has the audit row that granted it",
        "select count(*) from (select id from open_loans union all select id from loan_history) l \
         left join audit a on a.loan_id = l.id and a.granted = true and a.action in ('checkout', 'pick_up_hold', 'confirm_pickup') \
         where a.id is null",
    ),
    (
        "I7: a granted loan in the audit trail exists",
        "select count(*) from audit a left join open_loans o on o.id = a.loan_id \
         left join loan_history h on h.id = a.loan_id where a.granted = true and a.named_hash is null \
         and a.action in ('checkout', 'pick_up_hold', 'confirm_pickup') and o.id is null and h.id is null \
         and not exists (select 1 from audit u where u.loan_id = a.loan_id and u.granted = true \
           and u.action = 'cancel_checkout')",
    ),
    (
        "what the audit trail names and what it has forgotten exclude each other",
        "select count(*) from audit where named_hash is not null \
         and (item_id is not null or loan_id is not null or hold_id is not null or named_salt is not null)",
    ),
    (
        "a ready hold can be found on its shelf",
        "select count(*) from holds where state = 3 and (pickup_number is null or ready_at is null or pickup_until is null)",
    ),
    (
        "what is open of a fee is the sum of its entries",
        "select count(*) from fees f where f.open_cents <> \
         (select coalesce(sum(e.cents), 0) from fee_entries e where e.fee_id = f.id)",
    ),
    (
        "of a fee never less than nothing and never more than all is open",
        "select count(*) from fees where open_cents < 0 or open_cents > amount_cents",
    ),
    (
        "a fee has one charge, and it is the whole amount",
        "select count(*) from fees f where \
         (select count(*) from fee_entries e where e.fee_id = f.id and e.kind = 1) <> 1 or \
         (select sum(e.cents) from fee_entries e where e.fee_id = f.id and e.kind = 1) <> f.amount_cents",
    ),
    (
        "every cent of a payment has gone to a fee",
        "select count(*) from payments p where p.cents <> \
         -(select coalesce(sum(e.cents), 0) from fee_entries e where e.payment_id = p.id and e.kind = 2)",
    ),
    (
        "every cent that was paid back has come from a fee",
        "select count(*) from payments p where p.refunded_cents <> \
         (select coalesce(sum(e.cents), 0) from fee_entries e where e.payment_id = p.id and e.kind = 4)",
    ),
    (
        "a session for a ward is that of a guardian",
        "select count(*) from patron_sessions s where s.guardian_id is not null and not exists \
         (select 1 from relations r where r.ward_id = s.patron_id and r.other_id = s.guardian_id and r.kind = 1)",
    ),
    ("a cause is told once", "select count(*) from notice_lines group by cause having count(*) > 1"),
    (
        "a notice that was sent has its proof, and no other has",
        "select count(*) from notices where (state = 2) <> (sent_at is not null and proof is not null \
         and channel is not null and sent_to_id is not null)",
    ),
    (
        "only a notice that waits is tried again",
        "select count(*) from notices where (state = 1) <> (next_try_at is not null)",
    ),
    (
        "a notice that was not delivered says why",
        "select count(*) from notices where state in (4, 5) and reason is null",
    ),
    (
        "a loan is reminded of once for each due date and step",
        "select count(*) from notice_lines l join notices n on n.id = l.notice_id \
         where l.loan_id is not null and n.kind in (1, 2) \
         group by l.loan_id, l.due_on, n.kind, n.step having count(*) > 1",
    ),
];

impl TestRegister {
    /// Runs every probe.
    ///
    /// # Panics
    /// With the name of the invariant that does not hold.
    pub async fn probe(&self) {
        probe(&self.store).await;
    }
}

/// Runs every probe on a store, also of a register that does not run.
///
/// # Panics
/// With the name of the invariant that does not hold.
pub async fn probe(store: &Store) {
    // One statement, because a test may ask after each of many steps. A grouped count without a group has no row.
    let parts: Vec<_> = (0..)
        .zip(PROBES)
        .map(|(place, (_, sql)): (usize, _)| {
            let sql = sql.replacen("select count(*)", "select count(*) as broken", 1);
            format!("select {place}, cast(coalesce(sum(broken), 0) as bigint) from ({sql}) p{place}")
        })
        .collect();
    for row in query_all(store, &parts.join(" union all ")).await.expect("the probes run") {
        let place: i32 = row.try_get_by_index(0).expect("a place");
        let broken: i64 = row.try_get_by_index(1).expect("a count");
        let (name, _) = PROBES[usize::try_from(place).expect("a place")];
        assert_eq!(broken, 0, "{name}");
    }
}
