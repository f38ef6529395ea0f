//! Items.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_register::imports::{
    BATCH_ROWS,
    ImportKind::{Branches, Items, Titles},
};
use sea_orm::ConnectionTrait as _;
use std::fmt::Write as _;

on_both_engines! {
    items_come_once_and_change_where_they_differ,
    what_moves_goes_on_moving,
    every_kind_of_bad_item_is_named,
    one_bad_row_in_the_last_batch_keeps_all_rows_out,
}

const ITEMS: &str = "\
barcode,title_number,branch,collection,state
i1,t1,MAIN,adult,
i2,t1,EAST,adult,not-for-loan
i3,t2,MAIN,,available
";

async fn with_titles(kit: &Kit) {
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
    assert_eq!(Kit::counts(kit.import(Items, without_state).await), (0, 0, 1));
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
barcode,title_number,branch,collection,state
i1,t1,MAIN,adult,available
i2,nothing,MAIN,adult,
i3,t1,NOWHERE,adult,
i4,t1,MAIN,adult,in-transit
i5,t1,MAIN,adult,Available
i1,t1,MAIN,adult,
,t1,MAIN,adult,
i6,,MAIN,adult,
i7,t1,MAIN,ad\u{1b}ult,
";
    let expected = [
        (3, "title_number"),
        (4, "branch"),
        (5, "state"),
        (6, "state"),
        (7, "barcode"),
        (8, "barcode"),
        (9, "title_number"),
        (10, "collection"),
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
