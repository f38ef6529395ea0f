//! What the online library is for beside kiosks: the patron's own loan history, and a guardian who acts for a child.

mod history;
mod sessions;
mod wards;

use chrono::{Months, NaiveDate};
use kortisto::{
    common::v1::{Refusal, RefusalReason, Verdict},
    device::v1::{ListWardsRequest, ListWardsResponse, OpenWardSessionRequest, OpenWardSessionResponse},
};
use kortisto_domain::RelationKind;
use kortisto_testkit::{
    TestRegister,
    register::{Device, PatronSeed, TestPatron, new_id},
};

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

/// The birth date of somebody who turns this old on a day.
fn born(birthday: NaiveDate, years: u32) -> NaiveDate {
    birthday.checked_sub_months(Months::new(12 * years)).unwrap()
}

/// A child who turned nine today, in the care of a guardian, and the relation.
async fn ward_of(t: &TestRegister, guardian: &TestPatron) -> (TestPatron, i64) {
    ward_born(t, guardian, Some(born(t.surroundings.moment().today(), 9))).await
}

async fn ward_born(t: &TestRegister, guardian: &TestPatron, born: Option<NaiveDate>) -> (TestPatron, i64) {
    let ward = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
    let relation = t.relate(&ward, guardian, RelationKind::Guardian).await;
    (ward, relation)
}

async fn wards(web: &Device, token: &str, page_token: &str, page_size: i32) -> ListWardsResponse {
    let (patron_token, page_token) = (token.to_owned(), page_token.to_owned());
    let request = ListWardsRequest { patron_token, page_size, page_token };
    web.patrons().list_wards(request).await.unwrap().into_inner()
}

/// The relations that the guardian is shown.
async fn listed(web: &Device, token: &str) -> Vec<i64> {
    let list = wards(web, token, "", 0).await;
    assert_eq!(list.verdict(), Verdict::Granted, "{:?}", list.refusals);
    list.wards.iter().map(|ward| ward.relation_id).collect()
}

async fn open_as(id: &str, web: &Device, token: &str, relation_id: i64) -> OpenWardSessionResponse {
    let request =
        OpenWardSessionRequest { request_id: id.to_owned(), patron_token: token.to_owned(), relation_id };
    let answer = web.patrons().open_ward_session(request).await.unwrap().into_inner();
    let granted = answer.verdict() == Verdict::Granted;
    assert_eq!((granted, granted), (answer.refusals.is_empty(), !answer.patron_token.is_empty()));
    assert_eq!(granted, answer.token_expires_at.is_some());
    answer
}

/// The token of a session for the ward of this relation, or why there is none.
async fn open(web: &Device, token: &str, relation_id: i64) -> Result<String, Vec<RefusalReason>> {
    let answer = open_as(&new_id(), web, token, relation_id).await;
    if answer.refusals.is_empty() { Ok(answer.patron_token) } else { Err(reasons(&answer.refusals)) }
}
