//! `kortisto jobs`, as an operator or a timer runs it.

use crate::kit::Installation;
use chrono::{Days, TimeDelta};
use kortisto_domain::HoldState;
use kortisto_register::{Clock as _, SystemClock, jobs::Job};
use kortisto_store::{
    entities::{holds, patrons, titles},
    queries::job_lease,
};
use kortisto_testkit::{
    postgres::{Cluster, Template},
    register::new_id,
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};

/// Both patrons have waited longer than they wanted to.
async fn two_have_waited(installation: &Installation) {
    let store = installation.store().await;
    let now = SystemClock.now();
    let title = titles::Entity::find().one(store.readers()).await.unwrap().unwrap().id;
    for (number, patron) in (1..).zip(patrons::Entity::find().all(store.readers()).await.unwrap()) {
        let hold = holds::ActiveModel {
            id: Set(new_id().parse().unwrap()),
            queue_number: Set(number),
            patron_id: Set(patron.id),
            title_id: Set(title),
            pickup_branch_id: Set(1),
            state: Set(HoldState::Pending.code()),
            placed_at: Set(now - TimeDelta::days(9)),
            valid_until: Set(Some(now.date_naive() - Days::new(2))),
            ..Default::default()
        };
        hold.insert(store.writer()).await.unwrap();
    }
    store.close().await;
}

async fn hold_states(installation: &Installation) -> Vec<i16> {
    let store = installation.store().await;
    let rows = holds::Entity::find().all(store.readers()).await.unwrap();
    store.close().await;
    rows.iter().map(|row| row.state).collect()
}

/// What a command says that has to fail.
fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let output = installation.run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

async fn jobs_are_listed_run_and_remembered(installation: &Installation) {
    two_have_waited(installation).await;
    let jobs = |arguments: &[&str]| installation.succeed(&[&["jobs"], arguments].concat());
    let (name, pending, lapsed) =
        (Job::ExpireHolds.name(), HoldState::Pending.code(), HoldState::Lapsed.code());

    let listed = jobs(&["list"]);
    for job in Job::ALL {
        let entry =
            format!("{}  ({})\n  {}\n  has not run yet\n", job.name(), job.rhythm(), job.about().trim());
        assert!(listed.contains(&entry), "{listed}");
    }

    assert_eq!(jobs(&["run", name, "--dry-run"]), format!("{name} would do: ended_holds 2\n"));
    assert_eq!(hold_states(installation).await, [pending, pending]);
    assert_eq!((jobs(&["list"]), jobs(&["history"])), (listed, String::new()), "nobody knows of a dry run");

    for arguments in [
        &["run", "expire_hold"][..],
        &["run", ""],
        &["run"],
        &["run", name, "--batch", "0"],
        &["run", name, "--minutes", "0"],
        &["history", "expire_hold"],
        &["forget"],
    ] {
        let told = refused(installation, &[&["jobs"], arguments].concat());
        assert!(told.contains("For more information, try '--help'"), "{arguments:?}: {told}");
    }
    let unknown = refused(installation, &["jobs", "run", "expire_hold"]);
    assert!(Job::ALL.iter().all(|job| unknown.contains(job.name())), "{unknown}");
    assert_eq!(hold_states(installation).await, [pending, pending]);

    assert_eq!(jobs(&["run", name, "--batch", "1"]), format!("{name}: ended_holds 2\n"));
    assert_eq!(hold_states(installation).await, [lapsed, lapsed]);
    assert_eq!(jobs(&["run", name]), format!("{name}: nothing to do\n"));
    let history = jobs(&["history", name, "--runs", "5"]);
    assert_eq!(history.lines().count(), 1, "{history}");
    assert!(history.contains(&format!("  {name}  ")), "{history}");
    assert!(history.ends_with("  {\"ended_holds\":2}  finished\n"), "{history}");
    assert_eq!(jobs(&["history"]), history);
    assert_eq!(jobs(&["history", Job::LapseFees.name()]), "");

    // Those that have never run are due; the one that has just run is not.
    let others: String = Job::ALL
        .iter()
        .filter(|job| **job != Job::ExpireHolds)
        .map(|job| format!("{}: nothing to do\n", job.name()))
        .collect();
    assert_eq!(jobs(&["due"]), others);
    assert_eq!(jobs(&["list"]).matches("  last went through: begun ").count(), Job::ALL.len());
    assert_eq!(jobs(&["history"]), history, "what found nothing to do is not told");

    // Somebody else is at it.
    let store = installation.store().await;
    let now = SystemClock.now();
    let (other, until) = (new_id().parse().unwrap(), now + TimeDelta::hours(1));
    assert!(job_lease::hold(store.writer(), name, other, now, until).await.unwrap());
    store.close().await;
    assert!(jobs(&["list"]).contains("  is running\n"));
    let told = refused(installation, &["jobs", "run", name]);
    assert!(told.contains(&format!("{name} is running in another process")), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_run_and_remembered_on_sqlite() {
    jobs_are_listed_run_and_remembered(&Installation::set_up(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_run_and_remembered_on_postgres() {
    let cluster = Cluster::shared().await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    jobs_are_listed_run_and_remembered(&Installation::set_up(Some(database.url()))).await;
}
