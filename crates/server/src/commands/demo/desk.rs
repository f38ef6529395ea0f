//! The desk of the demo: an employee with an account of her own, who is asked why.

use super::{
    super::{Failure, open},
    library::{EERO, GAME_FOR_ADULTS, HELD_BOOK},
    play::{asks, tell, unexpected},
};
use crate::config::Config;
use kortisto::staff::v1::{
    ChangePasswordRequest, DecisionPolicy, ExplainDecisionRequest, ExplainLoanRequest, GetSelfRequest,
    GiveUndertakingRequest, Purpose, Question, SignInRequest, SignOutRequest, explain_decision_request::Who,
    explain_service_client::ExplainServiceClient, loan_service_client::LoanServiceClient,
    staff_session_service_client::StaffSessionServiceClient,
};
use kortisto_domain::StaffRole;
use kortisto_register::{
    Register, RegisterError,
    staff::accounts::{
        OneTimePassword,
        operator::{Operator, RoleGrant},
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// How long the operator's part may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The name that the employee signs in with.
const USER_NAME: &str = "liisa";

/// The text of the undertaking that she accepts.
const UNDERTAKING: &str = "2026-01";

/// Plays the desk.
pub(super) async fn play(desk: &Channel, register: &Register, config: &Config) -> Result<(), Failure> {
    println!("\n-- A staff desk ---------------------------------------------------------------");
    asks("Liisa signs in with the one-time password that the operator gave her, and chooses her own.");
    let password = one_time_password(register, config).await?;
    let id = || register.surroundings().new_pseudonym().to_string();
    let at_desk = sign_in(desk, &password.0, id).await.map_err(|status| unexpected(&status))?;
    asks("Eero's father asks why the game stayed here.");
    explain_refusal(&at_desk).await.map_err(|status| unexpected(&status))?;
    asks("Aino asks what became of the book that she waited for.");
    explain_loan(&at_desk).await.map_err(|status| unexpected(&status))?;
    let end = SignOutRequest { request_id: id() };
    StaffSessionServiceClient::new(at_desk).sign_out(end).await.map_err(|status| unexpected(&status))?;
    println!("     Both questions are in the audit trail, with her name and the purpose.");
    Ok(())
}

/// Does what the operator does on the command line: an account with the duty of a desk, and a password for the first use.
async fn one_time_password(register: &Register, config: &Config) -> Result<OneTimePassword, Failure> {
    let failed = |error: RegisterError| Failure::of("staff", &error);
    let keys = open::keys(config)?;
    let (store, surroundings, vault) = (register.store(), register.surroundings(), register.vault());
    let operator = Operator { store, surroundings, deadline: Instant::now() + DEADLINE };
    let accounts = operator.list().await.map_err(failed)?;
    let there = accounts.iter().find(|record| record.account.user_name == USER_NAME);
    let password = match there {
        Some(_) => operator.reset_password(USER_NAME.to_owned(), &keys, vault).await,
        None => operator.add(USER_NAME.to_owned(), "Liisa Salo".to_owned(), &keys, vault).await,
    };
    if there.is_none_or(|record| record.roles.is_empty()) {
        let role = StaffRole::Desk;
        let grant = RoleGrant { user_name: USER_NAME.to_owned(), role, until: None, ticket: None };
        operator.grant(grant).await.map_err(failed)?;
    }
    password.map_err(failed)
}

/// Puts the token of the session on every call.
#[derive(Clone)]
struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type AtDesk = InterceptedService<Channel, Bearer>;

/// Opens a session in which everything is done that an account needs once.
async fn sign_in(desk: &Channel, password: &SecretString, id: impl Fn() -> String) -> Result<AtDesk, Status> {
    let old_password = password.expose_secret().to_owned();
    let request =
        SignInRequest { attempt_id: id(), user_name: USER_NAME.to_owned(), password: old_password.clone() };
    let session = StaffSessionServiceClient::new(desk.clone()).sign_in(request).await?.into_inner();
    let bearer = format!("Bearer {}", session.session_token).parse();
    let bearer = Bearer(bearer.map_err(|_| Status::internal("the token cannot be sent"))?);
    let at_desk = InterceptedService::new(desk.clone(), bearer);
    let mut sessions = StaffSessionServiceClient::new(at_desk.clone());
    let new_password = format!("kala {}", id());
    sessions.change_password(ChangePasswordRequest { request_id: id(), old_password, new_password }).await?;
    let text_version = UNDERTAKING.to_owned();
    sessions.give_undertaking(GiveUndertakingRequest { request_id: id(), text_version }).await?;
    let herself = sessions.get_self(GetSelfRequest {}).await?.into_inner();
    println!(
        "  =  {} is signed in at {} and has given the confidentiality undertaking. Her duty allows {} rpcs.",
        herself.user_name,
        herself.branch,
        herself.allowed_rpcs.len()
    );
    Ok(at_desk)
}

async fn explain_refusal(at_desk: &AtDesk) -> Result<(), Status> {
    let request = ExplainDecisionRequest {
        who: Some(Who::CardNumber(EERO.0.to_owned())),
        branch: "keskus".to_owned(),
        question: Question::Lend.into(),
        item_barcode: GAME_FOR_ADULTS.to_owned(),
        purpose: Purpose::CustomerService.into(),
        ..Default::default()
    };
    let answer = ExplainServiceClient::new(at_desk.clone()).explain_decision(request).await?.into_inner();
    tell(answer.verdict(), &answer.refusals, "");
    let looked_at: Vec<_> = answer
        .facts
        .iter()
        .filter(|fact| ["patron.age", "item.age_rating"].contains(&fact.name.as_str()))
        .map(|fact| format!("{} {}", fact.name, fact.value))
        .collect();
    println!("     It rests on {}.", looked_at.join(", "));
    Ok(())
}

async fn explain_loan(at_desk: &AtDesk) -> Result<(), Status> {
    let request =
        ExplainLoanRequest { item_barcode: HELD_BOOK.to_owned(), purpose: Purpose::CustomerService.into() };
    let loan = LoanServiceClient::new(at_desk.clone()).explain_loan(request).await?.into_inner();
    for event in &loan.events {
        println!("  =  {} at {}, by a {}", event.action, event.branch, event.actor);
    }
    let period = loan.policies.iter().find(|policy| policy.key == "loan.period_days");
    if let Some(DecisionPolicy { value, row: Some(row), .. }) = period {
        println!("     It was due on {}: {value} days, by {}.", loan.due_date, row.decision);
    }
    Ok(())
}
