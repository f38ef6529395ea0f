//! The first administrator comes from the command line, signs in at a desk, and the record of it is whole.

use crate::kit::Installation;
use kortisto::staff::v1::{
    ChangePasswordRequest, CreateStaffAccountRequest, GiveUndertakingRequest, SignInRequest,
    staff_account_service_client::StaffAccountServiceClient,
    staff_session_service_client::StaffSessionServiceClient,
};
use kortisto_testkit::{
    postgres::{Cluster, Template},
    register::new_id,
};
use std::{fs, time::Duration};
use tokio::time::{Instant, sleep};
use tonic::{Request, transport::Channel};

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

async fn sign_in(desk: &Channel, password: &str) -> String {
    let ask =
        SignInRequest { attempt_id: new_id(), user_name: "aino".to_owned(), password: password.to_owned() };
    let mut sessions = StaffSessionServiceClient::new(desk.clone());
    sessions.sign_in(ask).await.unwrap().into_inner().session_token
}

async fn the_first_administrator(installation: &Installation) {
    let refused = installation.run(&["staff", "add", "desk1", "--name", "Aino Testaaja"]);
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("user_name") && text.contains("one person"), "{text}");
    let given = installation.succeed(&["staff", "add", "aino", "--name", "Aino Testaaja"]);
    installation.succeed(&["staff", "grant", "aino", "administrator"]);
    installation.succeed(&["staff", "grant", "aino", "billing", "--until", "2999-01-01T00:00:00Z"]);
    installation.succeed(&["staff", "revoke", "aino", "billing"]);
    assert!(!installation.run(&["staff", "grant", "aino", "administrator"]).status.success());
    let list = installation.succeed(&["staff", "list"]);
    assert!(list.contains("Aino Testaaja") && list.contains("administrator") && !list.contains("billing"));

    let server = installation.serve().await;
    let identity = installation.enrol("desk-1", "desk").await;
    let desk = installation.connect(installation.addr, Some(&identity)).await;
    let token = sign_in(&desk, given.trim()).await;
    let mut sessions = StaffSessionServiceClient::new(desk.clone());
    let change = ChangePasswordRequest {
        request_id: new_id(),
        old_password: given.trim().to_owned(),
        new_password: "hauki on yksi kala".to_owned(),
    };
    sessions.change_password(with(&token, change)).await.unwrap();
    let undertaking = GiveUndertakingRequest { request_id: new_id(), text_version: "2026-1".to_owned() };
    sessions.give_undertaking(with(&token, undertaking)).await.unwrap();
    let mut accounts = StaffAccountServiceClient::new(desk.clone());
    let new = CreateStaffAccountRequest {
        request_id: new_id(),
        user_name: "eino".to_owned(),
        display_name: "Eino Testaaja".to_owned(),
        openid_subject: String::new(),
    };
    accounts.create_staff_account(with(&token, new)).await.unwrap();
    // A reset on the command line ends the session at the desk.
    let reset = installation.succeed(&["staff", "reset-password", "aino"]);
    assert!(sessions.change_password(with(&token, ChangePasswordRequest::default())).await.is_err());
    sign_in(&desk, reset.trim()).await;
    installation.succeed(&["staff", "disable", "eino"]);

    // The running server seals, and the command beside it checks.
    let give_up = Instant::now() + Duration::from_secs(20);
    let whole = loop {
        let text = installation.succeed(&["audit", "verify"]);
        if text.contains(" 0 not sealed yet") {
            break text;
        }
        assert!(Instant::now() < give_up, "{text}");
        sleep(Duration::from_millis(200)).await;
    };
    assert!(whole.contains("The chain is whole."), "{whole}");
    let heads = installation.succeed(&["audit", "heads"]);
    assert!(heads.starts_with("# public key "), "{heads}");
    let path = installation.path().join("heads");
    fs::write(&path, format!("{heads}nonsense\n")).unwrap();
    let output = installation.run(&["audit", "verify", "--heads", path.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no head"));
    fs::write(&path, heads).unwrap();
    installation.succeed(&["audit", "verify", "--heads", path.to_str().unwrap()]);
    drop(desk);
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_on_sqlite() {
    let installation = Installation::set_up(None);
    let refused = installation.run(&["migrate", "--app-role", "kortisto_app"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("only PostgreSQL has roles"));
    Box::pin(the_first_administrator(&installation)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_on_postgres() {
    let cluster = Cluster::shared().await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    let installation = Installation::set_up(Some(database.url()));
    let refused = installation.run(&["migrate", "--app-role", "nobody_has_made_it"]);
    assert!(!refused.status.success());
    Box::pin(the_first_administrator(&installation)).await;
}
