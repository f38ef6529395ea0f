//! The record of all decisions: that it cannot be changed, and that a change is found out.

mod chain;
mod rights;
mod sealing;

use chrono::TimeDelta;
use kortisto::staff::v1::{
    CreateStaffAccountRequest, GetPatronRequest, Purpose, patron_service_client::PatronServiceClient,
    staff_account_service_client::StaffAccountServiceClient,
};
use kortisto_domain::StaffRole;
use kortisto_register::audit::{self, ChainReport, Head, SEAL_MARGIN, Sealer};
use kortisto_store::entities::{audit as rows, audit_seals};
use kortisto_testkit::{
    Engine, TestRegister,
    register::{Staff, new_id},
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _};

/// The tables that are only added to.
const RECORD: [&str; 3] = ["audit", "audit_seals", "audit_heads"];

/// A staff member looks at patrons this often; each look is a row.
async fn look(t: &TestRegister, times: usize) -> Staff {
    let staff = t.staff(&[StaffRole::Desk]).await;
    let mut client = PatronServiceClient::new(staff.channel());
    let number = t.patron().await.number;
    for _ in 0..times {
        t.clock.advance(TimeDelta::milliseconds(10));
        let ask = GetPatronRequest { number: number.clone(), purpose: Purpose::CustomerService.into() };
        client.get_patron(ask).await.unwrap();
    }
    staff
}

/// An administrator makes an account: a row with two values.
async fn make_account(t: &TestRegister, user_name: &str) {
    t.clock.advance(TimeDelta::milliseconds(10));
    let admin = t.staff(&[StaffRole::Administrator]).await;
    let ask = CreateStaffAccountRequest {
        request_id: new_id(),
        user_name: user_name.to_owned(),
        display_name: "Aino Testaaja".to_owned(),
        openid_subject: String::new(),
    };
    StaffAccountServiceClient::new(admin.channel()).create_staff_account(ask).await.unwrap();
}

/// Seals what there is and signs it.
async fn seal(t: &TestRegister) -> Option<Head> {
    let mut sealer = Sealer::new(&t.register, None);
    sealer.seal(SEAL_MARGIN).await.unwrap();
    sealer.sign_head().await.unwrap()
}

async fn verify(t: &TestRegister, kept: &[Head]) -> ChainReport {
    audit::verify(t.store.readers(), &t.keys.audit_public_key(), kept).await.unwrap()
}

async fn count_rows(t: &TestRegister) -> u64 {
    rows::Entity::find().count(t.store.writer()).await.unwrap()
}

async fn count_seals(t: &TestRegister) -> u64 {
    audit_seals::Entity::find().count(t.store.writer()).await.unwrap()
}

async fn run(t: &TestRegister, sql: &str) {
    t.store.writer().execute_unprepared(sql).await.unwrap();
}

/// Does what an intruder with every right would do first.
async fn break_in(t: &TestRegister, engine: Engine) {
    for table in RECORD {
        match engine {
            Engine::Postgres => {
                run(t, &format!("drop trigger kortisto_append_only on {table}")).await;
                run(t, &format!("drop trigger if exists kortisto_forget on {table}")).await;
            }
            Engine::Sqlite => {
                for event in ["update", "delete"] {
                    run(t, &format!("drop trigger {table}_without_{event}")).await;
                }
            }
        }
    }
}
