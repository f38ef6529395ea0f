//! Items.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use chrono::TimeDelta;
use kortisto_register::imports::{
    BATCH_ROWS,
    ImportKind::{Branches, Items, Titles},
};
use sea_orm::ConnectionTrait as _;
use std::fmt::Write as _;

on_both_engines! {
    items_come_once_and_change_where_they_differ,
    a_state_is_dated_from_the_import_that_gave_it,
    what_moves_goes_on_moving,
    every_kind_of_bad_item_is_named,
    one_bad_row_in_the_last_batch_keeps_all_rows_out,
}

pub(crate) const ITEMS: &str = "\
barcode,title_number,branch,collection,state,price,note
i1,t1,MAIN,adult,,,
i2,t1,EAST,adult,not-for-loan,35.00,signed by the author
i3,t2,MAIN,,available,,
";

pub(crate) async fn with_titles(kit: &Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let titles = "number,label,material,language\nt1,Järvi,book,fi\nt2,Joki,book,fi\n";
    kit.import(Titles, titles).await.unwrap();
}

async fn items_come_once_and_change_where_they_differ(kit: Kit) {
    with_titles(&kit).await;
    assert_eq!(Kit::counts(kit.import(Items, ITEMS).await), (3, 0, 0));
    assert_eq!(Kit::counts(kit.import(Items, ITEMS).await), (0, 0, 3));
    for changed in [
        ITEMS.replace("i1,t1", "i1,t2"),
        ITEMS.replace("t1,EAST", "t1,MAIN"),
        ITEMS.replace("EAST,adult", "EAST,child"),
        ITEMS.replace("not-for-loan", "lost"),
        ITEMS.replace("35.00", "35.01"),
        ITEMS.replace("35.00", ""),
        ITEMS.replace("signed by the author", ""),
    ] {
        kit.import(Items, ITEMS).await.unwrap();
        assert_eq!(Kit::counts(kit.import(Items, &changed).await), (0, 1, 2), "{changed}");
        // Where it is does not follow from where it belongs.
        assert_eq!(
            kit.count("items where at_branch_id in (select id from branches where code = 'EAST')").await,
            1
        );
    }
    let without_state = "barcode,title_number,branch,collection\ni2,t1,EAST,adult\n";
    kit.import(Items, ITEMS).await.unwrap();
    assert_eq!(Kit::counts(kit.import(Items, without_state).await), (0, 0, 1));
    // What the file does not say stays, also where something else changes.
    assert_eq!(Kit::counts(kit.import(Items, without_state.replace("adult", "child")).await), (0, 1, 0));
    let kept = "items where price_cents = 3500 and note = 'signed by the author'";
    assert_eq!(kit.count(kept).await, 1);
}

async fn a_state_is_dated_from_the_import_that_gave_it(kit: Kit) {
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let since = |barcode| format!("select cast(state_since as text) from items where barcode = '{barcode}'");
    let (first, other): (String, String) = (kit.value(&since("i1")).await, kit.value(&since("i2")).await);
    assert_eq!(first, other);
    kit.clock.advance(TimeDelta::days(1));
    kit.import(Items, ITEMS.replace("i1,t1,MAIN,adult,", "i1,t1,MAIN,adult,lost")).await.unwrap();
    assert_ne!(kit.value::<String>(&since("i1")).await, first);
    kit.import(Items, ITEMS.replace("35.00", "36.00")).await.unwrap();
    assert_eq!(kit.value::<String>(&since("i2")).await, other, "the price is no state");
}

async fn what_moves_goes_on_moving(kit: Kit) {
    with_titles(&kit).await;
    kit.import(Items, ITEMS).await.unwrap();
    let moving = "update items set state = 2 where barcode = 'i3'";
    kit.store.writer().execute_unprepared(moving).await.unwrap();
    assert_eq!(Kit::counts(kit.import(Items, ITEMS).await), (0, 0, 3));
    assert_eq!(Kit::counts(kit.import(Items, ITEMS.replace("i3,t2", "i3,t1")).await), (0, 1, 2));
    assert_eq!(kit.count("items where state = 2").await, 1);
}

async fn every_kind_of_bad_item_is_named(kit: Kit) {
    with_titles(&kit).await;
    let bad = "\
barcode,title_number,branch,collection,state,price,note
i1,t1,MAIN,adult,available,,
i2,nothing,MAIN,adult,,,
i3,t1,NOWHERE,adult,,,
i4,t1,MAIN,adult,in-transit,,
i5,t1,MAIN,adult,Available,,
i1,t1,MAIN,adult,,,
,t1,MAIN,adult,,,
i6,,MAIN,adult,,,
i7,t1,MAIN,ad\u{1b}ult,,,
i8,t1,MAIN,adult,,12,
i9,t1,MAIN,adult,,-1.00,
i10,t1,MAIN,adult,,10000.01,
i11,t1,MAIN,adult,,,a\u{7}b
";
    let bad = format!("{bad}i12,t1,MAIN,adult,,,{}\n", "x".repeat(501));
    let expected = [
        (3, "title_number"),
        (4, "branch"),
        (5, "state"),
        (6, "state"),
        (7, "barcode"),
        (8, "barcode"),
        (9, "title_number"),
        (10, "collection"),
        (11, "price"),
        (12, "price"),
        (13, "price"),
        (14, "note"),
        (15, "note"),
    ];
    assert_eq!(Kit::faults(kit.import(Items, bad).await), expected);
    assert_eq!(kit.count("items").await, 0);
}

async fn one_bad_row_in_the_last_batch_keeps_all_rows_out(kit: Kit) {
    with_titles(&kit).await;
    let rows = BATCH_ROWS * 2 + 10;
    let mut text = "barcode,title_number,branch,collection\n".to_owned();
    for number in 0..rows {
        writeln!(text, "i{number},t1,MAIN,adult").unwrap();
    }
    let faults = Kit::faults(kit.import(Items, format!("{text}i0,t9,MAIN,adult\nx,t9,MAIN,adult\n")).await);
    let last = rows as u64 + 2;
    assert_eq!(faults, [(last, "barcode"), (last + 1, "title_number")]);
    assert_eq!(kit.count("items").await, 0);
    assert_eq!(Kit::counts(kit.import(Items, &text).await), (rows as u64, 0, 0));
    assert_eq!(Kit::counts(kit.import(Items, &text).await), (0, 0, rows as u64));
}
