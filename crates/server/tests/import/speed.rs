//! How fast a consortium's patrons and items come in, and in how much memory. Run it by name, in release:
//! `cargo test --release -p kortisto-server --test import -- --ignored --nocapture consortium`.

use crate::kit::{BRANCHES, Kit};
use kortisto_register::imports::{
    ImportKind::{self, Branches, Items, Patrons, Titles},
    ImportOptions, Source,
};
use kortisto_testkit::{
    postgres::{Cluster, Settings},
    register::Engine,
};
use std::{
    fs,
    io::{BufWriter, Write as _},
    time::{Duration, Instant},
};

const PATRONS: u64 = 100_000;
const ITEMS: u64 = 300_000;
const TITLES: u64 = 100_000;

/// What both files together may take.
const DURATION_MAX: Duration = Duration::from_secs(60);
/// What this process may take, in KiB, the readings of the files included.
const RESIDENT_KIB_MAX: u64 = 300 * 1024;

/// Writes a file of made-up rows; a scattered number stands for data that is not in order.
fn generate(header: &str, rows: u64, row: impl Fn(u64, u64) -> String) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(&file);
    writeln!(writer, "{header}").unwrap();
    for number in 0..rows {
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        writeln!(writer, "{}", row(number, scattered)).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    file
}

fn titles() -> tempfile::NamedTempFile {
    generate("number,label,material,language", TITLES, |number, _| {
        format!("t{number:09},\"Kirjoittaja, Eino: Teos numero {number} : kertomus\",book,fi")
    })
}

fn items() -> tempfile::NamedTempFile {
    generate("barcode,title_number,branch,collection", ITEMS, |number, scattered| {
        format!("40509{scattered:013}{number},t{:09},{},adult", scattered % TITLES, branch(scattered))
    })
}

fn patrons() -> tempfile::NamedTempFile {
    let header = "number,family_name,given_names,birth_date,category,service_language,home_branch,\
                  valid_until,card_number,card_valid_from,card_valid_until,self_service_right";
    generate(header, PATRONS, |number, scattered| {
        let (year, month, day) = (1930 + scattered % 90, 1 + scattered % 12, 1 + scattered % 28);
        format!(
            "a{number},Sukunimi{scattered},Etunimi Toinen,{year}-{month:02}-{day:02},person,fi,{},,\
             405A{scattered:013}{number},2024-01-01,2034-01-01,{}",
            branch(scattered),
            if scattered % 3 == 0 { "registered" } else { "" }
        )
    })
}

fn branch(scattered: u64) -> &'static str {
    if scattered.is_multiple_of(2) { "MAIN" } else { "EAST" }
}

/// The most memory that this process had at once, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn timed(kit: &Kit, kind: ImportKind, file: &tempfile::NamedTempFile) -> Duration {
    let start = Instant::now();
    let source = Source::open(file.path()).unwrap();
    let report = kit.import_with(kind, source, ImportOptions::default()).await.unwrap();
    let took = start.elapsed();
    println!(
        "{:?}: {report}: {:.1} s, peak {} MiB",
        kit.store.engine(),
        took.as_secs_f64(),
        peak_kib() / 1024
    );
    took
}

async fn consortium(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let (titles, items, patrons) = (titles(), items(), patrons());
    timed(&kit, Titles, &titles).await;
    let took = timed(&kit, Items, &items).await + timed(&kit, Patrons, &patrons).await;
    let again = timed(&kit, Items, &items).await + timed(&kit, Patrons, &patrons).await;
    println!("patrons and items {took:.1?}, once more {again:.1?}");
    assert!(took < DURATION_MAX, "{took:?}");
    assert!(peak_kib() < RESIDENT_KIB_MAX, "{} KiB", peak_kib());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: minutes without optimisation"]
async fn consortium_on_postgres() {
    let cluster = Cluster::private(Settings::durable()).await.unwrap();
    consortium(Kit::start_in(&cluster).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: minutes without optimisation"]
async fn consortium_on_sqlite() {
    consortium(Kit::start(Engine::Sqlite).await).await;
}
