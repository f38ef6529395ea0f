//! How files may be written, read again, and be cut short.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_register::imports::{
    ImportError,
    ImportKind::{Branches, Titles},
    ImportOptions, Source,
};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

on_both_engines! {
    every_way_to_write_a_file_is_the_same_file,
    a_file_is_told_apart_from_its_path,
    progress_ends_at_the_end,
    two_imports_do_not_mix,
    columns_that_are_not_known_are_refused,
}

async fn every_way_to_write_a_file_is_the_same_file(kit: Kit) {
    let ways: [&[u8]; 6] = [
        b"number,label,material,language\n1,A b,book,fi\n2,C,book,fi\n",
        b"\xef\xbb\xbfnumber,label,material,language\r\n1,A b,book,fi\r\n2,C,book,fi\r\n",
        b"number;label;material;language\n1;A b;book;fi\n2;C;book;fi",
        b"label,language,number,material\n\"A\nb\",fi,1,book\nC,fi,2,book\n",
        b"\"number\",\"label\",\"material\",\"language\",\"age_rating\"\n1,\" A  b \",book,fi,\n\n2,C,book,fi,\n\n",
        b"Number,Label,Material,Language\n 1 ,A b,book , fi\n2,C,book,fi\n",
    ];
    assert_eq!(Kit::counts(kit.import(Titles, ways[0]).await), (2, 0, 0));
    for way in ways {
        assert_eq!(Kit::counts(kit.import(Titles, way).await), (0, 0, 2), "{}", String::from_utf8_lossy(way));
    }
    assert_eq!(Kit::counts(kit.import(Titles, "number,label,material,language\n").await), (0, 0, 0));
    assert_eq!(Kit::faults(kit.import(Titles, "").await), [(1, "")]);
}

async fn a_file_is_told_apart_from_its_path(kit: Kit) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(BRANCHES.as_bytes()).unwrap();
    let source = Source::open(file.path()).unwrap();
    // Gone, and still read: one import never sees two files.
    drop(file);
    let report = kit.import_with(Branches, source, ImportOptions::default()).await;
    assert_eq!(Kit::counts(report), (2, 0, 0));
}

async fn progress_ends_at_the_end(kit: Kit) {
    let seen = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&seen);
    let source = Source::spool(BRANCHES.as_bytes(), "test.csv").unwrap();
    let length = source.bytes();
    let progress = Arc::new(move |bytes| told.store(bytes, SeqCst));
    kit.import_with(Branches, source, ImportOptions { progress, ..ImportOptions::default() }).await.unwrap();
    assert!(seen.load(SeqCst) >= length);
}

async fn two_imports_do_not_mix(kit: Kit) {
    let one = kit.import(Branches, BRANCHES);
    let other = kit.import(Branches, BRANCHES);
    let (one, other) = tokio::join!(one, other);
    let mut outcomes = [one.is_ok(), other.is_ok()];
    outcomes.sort_unstable();
    // The second waits for its turn, or gives up: on PostgreSQL it does not wait long.
    assert!(outcomes[1], "{one:?} {other:?}");
    for outcome in [one, other] {
        assert!(matches!(outcome, Ok(_) | Err(ImportError::Busy)), "{outcome:?}");
    }
    assert_eq!(kit.count("branches").await, 2);
}

async fn columns_that_are_not_known_are_refused(kit: Kit) {
    let outcome = kit.import(Branches, "code,name,municipality,phone\nA,B,405,1\n").await;
    let text = outcome.as_ref().unwrap_err().to_string();
    assert!(
        text.contains("\"phone\"") && text.contains("code, name, municipality, kind, isil, hours, resources"),
        "{text}"
    );
    assert_eq!(Kit::faults(outcome), [(1, "")]);
}
