//! `kortisto keys`: moving rows to a new key, killed on the way.

use crate::kit::{CARD, Installation, OTHER_CARD, sign_in};
use kortisto_register::{Clock as _, SystemClock};
use kortisto_store::{
    Store,
    entities::{identity_codes, patrons},
};
use kortisto_testkit::{
    postgres::{Cluster, Template},
    register::new_identity_code,
};
use kortisto_vault::{IdentityCode, KeyId, Keys, PatronBinding, SealedCode, SystemRandom};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _,
};
use std::{collections::BTreeMap, fs, time::Duration};
use tokio::time::{Instant, sleep};

/// Identity codes to move, one transaction each.
const CODES: u64 = 400;

/// How often the command is killed.
const KILLS: u64 = 3;

/// Rows that are moved at least between two kills.
const MOVED_MIN: u64 = 20;

impl Installation {
    fn keys(&self) -> Keys {
        Keys::load(&self.path().join("keys.toml")).unwrap()
    }

    /// Patrons with an identity code each, under the key in use: the code by the key of the patron.
    async fn record_codes(&self, store: &Store) -> BTreeMap<i64, String> {
        let mut file =
            "number,family_name,given_names,birth_date,category,service_language,home_branch,card_number,\
                        card_valid_from\n"
                .to_owned();
        for number in 0..CODES {
            file.push_str(&format!(
                "k{number},Testaaja,Aino,1980-05-17,person,fi,main,K{number},2020-01-01\n"
            ));
        }
        let path = self.path().join("holders.csv");
        fs::write(&path, file).unwrap();
        self.succeed(&["import", "patrons", &path.display().to_string()]);
        let keys = self.keys();
        let holders = patrons::Entity::find().filter(patrons::Column::Number.starts_with("k"));
        let mut codes = BTreeMap::new();
        for patron in holders.all(store.readers()).await.unwrap() {
            let text = new_identity_code();
            let code = IdentityCode::parse(&text).ok().unwrap();
            let sealed = SealedCode::seal(&code, &keys, PatronBinding(patron.id), &SystemRandom);
            identity_codes::ActiveModel {
                patron_id: Set(patron.id),
                blind_index: Set(keys.identity_index(&code).to_vec()),
                key_id: Set(sealed.key_id),
                sealed: Set(sealed.sealed),
                recorded_at: Set(SystemClock.now()),
                recorded_by: Set("test".to_owned()),
                ..Default::default()
            }
            .insert(store.writer())
            .await
            .unwrap();
            codes.insert(patron.id, text);
        }
        assert_eq!(codes.len() as u64, CODES);
        codes
    }

    /// The numbers of the line of a key: PINs, passwords of patrons and of staff, identity codes, in whatever order.
    fn rows_of(&self, key: &str) -> Vec<u64> {
        let table = self.succeed(&["keys", "rows"]);
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap();
        line.split_whitespace().skip(1).map_while(|word| word.parse().ok()).collect()
    }
}

async fn moved(store: &Store, to: KeyId) -> u64 {
    let under = identity_codes::Entity::find().filter(identity_codes::Column::KeyId.eq(to.0));
    under.count(store.readers()).await.unwrap()
}

/// Every code opens under the key that its row names, and is what it was.
async fn assert_readable(store: &Store, keys: &Keys, codes: &BTreeMap<i64, String>) {
    let rows = identity_codes::Entity::find().all(store.readers()).await.unwrap();
    assert_eq!(rows.len(), codes.len());
    for row in rows {
        let sealed = SealedCode { key_id: row.key_id, sealed: row.sealed };
        assert_eq!(
            sealed.open(keys, PatronBinding(row.patron_id)).ok().unwrap().expose(),
            codes[&row.patron_id]
        );
    }
}

async fn a_killed_rekey_goes_on_where_it_was(installation: &Installation) {
    let store = installation.store().await;
    let codes = installation.record_codes(&store).await;
    installation.succeed(&["keys", "prepare-rotation"]);
    installation.succeed(&["keys", "rotate"]);
    let keys = installation.keys();
    let new = keys.current();
    assert_eq!((new, moved(&store, new).await), (KeyId(2), 0));
    assert_eq!(installation.rows_of("1").iter().sum::<u64>(), CODES + 2, "the codes and two PINs");

    let mut before = 0;
    for _ in 0..KILLS {
        let mut rekey = installation.start(&["keys", "rekey", "--batch", "1"]);
        let give_up = Instant::now() + Duration::from_secs(30);
        while moved(&store, new).await < before + MOVED_MIN {
            assert!(rekey.runs() && Instant::now() < give_up, "killed too late, or nothing moves");
            sleep(Duration::from_millis(1)).await;
        }
        rekey.kill9();
        before = moved(&store, new).await;
        assert!(before < CODES, "it was killed on the way");
        assert_readable(&store, &keys, &codes).await;
    }

    let report = installation.succeed(&["keys", "rekey", "--batch", "50"]);
    assert!(report.contains(&format!("{:>8} moved, 0 unreadable", CODES - before)), "{report}");
    assert_eq!(moved(&store, new).await, CODES);
    assert_readable(&store, &keys, &codes).await;
    // The peppers of the PINs are the last that hang on the old key, until each PIN has been typed.
    assert_eq!(installation.rows_of("1").iter().sum::<u64>(), 2);
    let named = installation.succeed(&["keys", "rows", "1"]);
    assert!(named.contains(CARD) && named.contains(OTHER_CARD), "{named}");
    let server = installation.serve().await;
    let kiosk = installation.enrol("kiosk", "self-checkout").await;
    let channel = installation.connect(installation.addr, Some(&kiosk)).await;
    for card in [CARD, OTHER_CARD] {
        sign_in(&channel, card).await;
    }
    drop(channel);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(installation.rows_of("1").iter().sum::<u64>(), 0);
    assert_eq!(installation.rows_of("2").iter().sum::<u64>(), CODES + 2);
    let named = installation.succeed(&["keys", "rows", "1"]);
    assert!(!named.contains('\t'), "no row hangs on the old key: {named}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rekey_goes_on_where_it_was_on_sqlite() {
    a_killed_rekey_goes_on_where_it_was(&Installation::set_up(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rekey_goes_on_where_it_was_on_postgres() {
    let cluster = Cluster::shared().await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    a_killed_rekey_goes_on_where_it_was(&Installation::set_up(Some(database.url()))).await;
}
