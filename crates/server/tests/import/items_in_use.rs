//! Items that are on loan, kept for a hold or waited for while a file comes in.

use crate::{
    circulation::{Circulation, hold_id},
    items::{ITEMS, with_titles},
    kit::{Kit, on_both_engines},
};
use kortisto_register::imports::ImportKind::Items;
use kortisto_store::{
    Engine as StoreEngine, StoreError,
    queries::{
        bulk::items::{ItemRow, change},
        dialect::At,
        locks,
    },
};
use kortisto_testkit::register::{Engine, meanwhile};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait as _, IntoActiveModel as _};
use std::time::Duration;
use tokio::time::Instant;

on_both_engines! {
    a_file_does_not_say_how_a_loan_stands,
    what_a_hold_will_get_keeps_its_title,
    what_was_lent_or_awaited_meanwhile_is_a_conflict,
}

async fn a_file_does_not_say_how_a_loan_stands(kit: Kit) {
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let circulation = Circulation::start(&kit).await;
    circulation.lend("i1").await;
    for state in ["available", "withdrawn", "in-repair", "lost"] {
        let file = ITEMS.replace("i1,t1,MAIN,adult,", &format!("i1,t1,MAIN,adult,{state}"));
        assert_eq!(Kit::counts(kit.import(Items, file).await), (0, 0, 3), "{state}");
    }
    // Reported lost by its borrower: a dump of another system does not know.
    let lost = "update items set state = 5 where barcode = 'i1'";
    kit.store.writer().execute_unprepared(lost).await.unwrap();
    let file = ITEMS.replace("i1,t1,MAIN,adult,", "i1,t1,MAIN,adult,available");
    assert_eq!(Kit::counts(kit.import(Items, &file).await), (0, 0, 3));
    // All else is the catalogue's to say, also the title.
    let file = file.replace("i1,t1,MAIN,adult", "i1,t2,EAST,child");
    assert_eq!(Kit::counts(kit.import(Items, &file).await), (0, 1, 2));
    let item = circulation.item("i1").await;
    assert_eq!((item.state, item.collection.as_str()), (5, "child"));
    assert_eq!(item.title_id, circulation.item("i3").await.title_id);
}

async fn what_a_hold_will_get_keeps_its_title(kit: Kit) {
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let circulation = Circulation::start(&kit).await;
    let writer = kit.store.writer();
    let mut only_i1 = circulation.hold(1, "i1").await;
    only_i1.only_item_id = Set(Some(circulation.item("i1").await.id));
    let only_i1 = only_i1.insert(writer).await.unwrap();
    let mut kept = circulation.hold(2, "i2").await;
    kept.state = Set(3);
    kept.kept_item_id = Set(Some(circulation.item("i2").await.id));
    kept.insert(writer).await.unwrap();
    let mut i2 = circulation.item("i2").await.into_active_model();
    i2.state = Set(3);
    i2.kept_for_hold_id = Set(Some(hold_id(2)));
    i2.update(writer).await.unwrap();
    // Whoever waits for any item of a title is served by the others of it.
    circulation.hold(3, "i3").await.insert(writer).await.unwrap();
    let moved = ITEMS.replace("i1,t1", "i1,t2").replace("i2,t1", "i2,t2").replace("i3,t2", "i3,t1");
    let refused = kit.import(Items, &moved).await;
    let told = refused.as_ref().unwrap_err().to_string();
    assert!(told.contains("kept for a hold or waited for itself keeps its title"), "{told}");
    assert_eq!(Kit::faults(refused), [(2, "title_number"), (3, "title_number")]);
    assert_eq!(Kit::counts(kit.import(Items, ITEMS).await), (0, 0, 3));
    // What else a file says of them comes in, and of the one that waits for its turn also the state.
    let other = ITEMS.replace("adult,,", "adult,in-repair,").replace("35.00", "36.00");
    assert_eq!(Kit::counts(kit.import(Items, &other).await), (0, 2, 1));
    let mut cancelled = only_i1.into_active_model();
    cancelled.state = Set(5);
    cancelled.update(writer).await.unwrap();
    assert_eq!(Kit::faults(kit.import(Items, &moved).await), [(3, "title_number")]);
    let only_i1_moved = ITEMS.replace("i1,t1", "i1,t2").replace("35.00", "36.00");
    assert_eq!(Kit::counts(kit.import(Items, &only_i1_moved).await), (0, 1, 2));
}

/// What an import writes of an item as it is, to another title or to another state.
async fn changed(circulation: &Circulation<'_>, title: bool, state: bool) -> ItemRow {
    let item = circulation.item("i1").await;
    let other = circulation.item("i3").await.title_id;
    ItemRow {
        id: item.id,
        barcode: item.barcode,
        title_id: if title { other } else { item.title_id },
        title_read: item.title_id,
        home_branch_id: item.home_branch_id,
        collection: "child".to_owned(),
        state: if state { 6 } else { item.state },
        state_read: item.state,
        price_cents: None,
        note: None,
        at: At(circulation.now()),
    }
}

/// As if another server had come in between reading and writing.
async fn what_was_lent_or_awaited_meanwhile_is_a_conflict(kit: Kit) {
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let circulation = Circulation::start(&kit).await;
    let (of_title, of_state) =
        (changed(&circulation, true, false).await, changed(&circulation, false, true).await);
    let neither = changed(&circulation, false, false).await;
    circulation.lend("i1").await;
    let mut hold = circulation.hold(1, "i1").await;
    hold.only_item_id = Set(Some(of_title.id));
    hold.insert(kit.store.writer()).await.unwrap();
    for row in [of_title, of_state, ItemRow { title_read: 0, ..neither.clone() }] {
        assert_eq!(write(&kit, &row).await, Err(StoreError::Conflict), "{row:?}");
    }
    assert_eq!(write(&kit, &neither).await, Ok(()));
    assert_eq!(circulation.item("i1").await.collection, "child");
}

async fn write(kit: &Kit, row: &ItemRow) -> Result<(), StoreError> {
    let row = row.clone();
    let deadline = Instant::now() + Duration::from_secs(5);
    let written = kit.store.unit_of_work("write", deadline, move |transaction| {
        let row = row.clone();
        Box::pin(async move { change(transaction, &[row]).await })
    });
    written.await
}

#[tokio::test]
async fn an_import_waits_for_a_check_out_and_sees_its_loan() {
    let kit = Kit::start(Engine::Postgres).await;
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let circulation = Circulation::start(&kit).await;
    let loan = circulation.loan("i1").await;
    let importing = kit.import(Items, ITEMS.replace("i1,t1,MAIN,adult,", "i1,t1,MAIN,adult,withdrawn"));
    let lending_first = meanwhile(
        &kit.store,
        // A check-out of an available item where it stands: it holds the row of the item and does not write it.
        move |transaction| {
            let loan = loan.clone();
            Box::pin(async move {
                let key = locks::Key { barcode: Some("i1".to_owned()), ..locks::Key::default() };
                locks::take(transaction, StoreEngine::Postgres, &[key]).await?;
                loan.insert(transaction).await?;
                Ok(())
            })
        },
        importing,
    );
    let counts = Kit::counts(lending_first.await);
    assert_eq!(counts, (0, 0, 3), "begun anew, it leaves the item that is lent now as it is");
    assert_eq!(circulation.item("i1").await.state, 1);
}
