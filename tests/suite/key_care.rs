//! Rotating the key of the vault: every row moves, wherever the work was cut off, and nobody's PIN is lost.

use kortisto_domain::StaffAccountState;
use kortisto_register::key_care::{self, SealedKind};
use kortisto_store::entities::{identity_codes, pins, staff_accounts, web_passwords};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{PatronSeed, TestPatron, new_identity_code},
};
use kortisto_vault::{
    CardBinding, HashCost, IdentityCode, KeyId, Keys, LengthRange, Password, PasswordBinding, PatronBinding,
    Pin, PinVault, PoolSize, SealedCode, StoredPin, SystemRandom,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _,
};
use std::{path::PathBuf, sync::Arc};

const PATRONS: usize = 7;
const PASSWORD: &str = "hauki on kala";

/// A register whose rows are sealed under the first key of a file.
struct Kept {
    t: TestRegister,
    path: PathBuf,
    patrons: Vec<(TestPatron, String)>,
    staff: i64,
    _directory: tempfile::TempDir,
}

fn vault(keys: &Arc<Keys>) -> PinVault {
    let size = PoolSize { threads: 1, queue_per_thread: 8 };
    PinVault::start(Arc::clone(keys), Arc::new(SystemRandom), HashCost::CHEAP_FOR_TESTS, size)
}

fn pin(text: &str) -> Pin {
    Pin::parse(text, LengthRange::WIDEST).unwrap()
}

fn password() -> Password {
    Password::parse(PASSWORD).unwrap()
}

impl Kept {
    async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.toml");
        let keys = Arc::new(Keys::create(&path, &SystemRandom).unwrap());
        let vault = vault(&keys);
        let (at, writer) = (t.clock.now(), t.store.writer());
        let mut patrons = Vec::new();
        for _ in 0..PATRONS {
            let patron = t.patron_with(PatronSeed { pin: None, ..PatronSeed::default() }).await;
            let stored = vault.hash(pin("4827"), CardBinding(patron.card_id)).await.unwrap();
            pins::ActiveModel {
                card_id: Set(patron.card_id),
                scheme: Set(stored.scheme),
                key_id: Set(stored.key_id),
                hash: Set(stored.hash),
                set_at: Set(at),
                failures: Set(0),
                ..Default::default()
            }
            .insert(writer)
            .await
            .unwrap();
            let stored = vault.hash(password(), PasswordBinding::Card(patron.card_id)).await.unwrap();
            web_passwords::ActiveModel {
                card_id: Set(patron.card_id),
                scheme: Set(stored.scheme),
                key_id: Set(stored.key_id),
                hash: Set(stored.hash),
                set_at: Set(at),
            }
            .insert(writer)
            .await
            .unwrap();
            let text = new_identity_code();
            let code = IdentityCode::parse(&text).ok().unwrap();
            let sealed = SealedCode::seal(&code, &keys, PatronBinding(patron.id), &SystemRandom);
            identity_codes::ActiveModel {
                patron_id: Set(patron.id),
                blind_index: Set(keys.identity_index(&code).to_vec()),
                key_id: Set(sealed.key_id),
                sealed: Set(sealed.sealed),
                recorded_at: Set(at),
                recorded_by: Set("test".to_owned()),
                ..Default::default()
            }
            .insert(writer)
            .await
            .unwrap();
            patrons.push((patron, text));
        }
        let account = |name: &str| staff_accounts::ActiveModel {
            user_name: Set(name.to_owned()),
            display_name: Set(name.to_owned()),
            state: Set(StaffAccountState::Active.code()),
            must_change: Set(false),
            created_at: Set(at),
            created_by: Set("test".to_owned()),
            ..Default::default()
        };
        account("elsewhere").insert(writer).await.unwrap();
        let mut staff: staff_accounts::ActiveModel = account("aino").insert(writer).await.unwrap().into();
        let id = staff.id.clone().unwrap();
        let stored = vault.hash(password(), PasswordBinding::StaffAccount(id)).await.unwrap();
        staff.password_scheme = Set(Some(stored.scheme));
        staff.password_key_id = Set(Some(stored.key_id));
        staff.password_hash = Set(Some(stored.hash));
        staff.update(writer).await.unwrap();
        Self { t, path, patrons, staff: id, _directory: directory }
    }

    async fn under(&self, key: i16) -> u64 {
        let writer = self.t.store.writer();
        pins::Entity::find().filter(pins::Column::KeyId.eq(key)).count(writer).await.unwrap()
            + web_passwords::Entity::find()
                .filter(web_passwords::Column::KeyId.eq(key))
                .count(writer)
                .await
                .unwrap()
            + identity_codes::Entity::find()
                .filter(identity_codes::Column::KeyId.eq(key))
                .count(writer)
                .await
                .unwrap()
            + staff_accounts::Entity::find()
                .filter(staff_accounts::Column::PasswordKeyId.eq(key))
                .count(writer)
                .await
                .unwrap()
    }

    /// Whether everything can be read and is what it was.
    async fn assert_whole(&self, keys: &Arc<Keys>) {
        let vault = vault(keys);
        let writer = self.t.store.writer();
        for (patron, text) in &self.patrons {
            let row = pins::Entity::find_by_id(patron.card_id).one(writer).await.unwrap().unwrap();
            let stored = StoredPin { scheme: row.scheme, key_id: row.key_id, hash: row.hash };
            assert!(
                vault.verify(pin("4827"), CardBinding(patron.card_id), Some(stored)).await.unwrap().matches
            );
            let row = web_passwords::Entity::find_by_id(patron.card_id).one(writer).await.unwrap().unwrap();
            let stored = StoredPin { scheme: row.scheme, key_id: row.key_id, hash: row.hash };
            let owner = PasswordBinding::Card(patron.card_id);
            assert!(vault.verify(password(), owner, Some(stored)).await.unwrap().matches);
            let row = identity_codes::Entity::find()
                .filter(identity_codes::Column::PatronId.eq(patron.id))
                .one(writer)
                .await
                .unwrap()
                .unwrap();
            let sealed = SealedCode { key_id: row.key_id, sealed: row.sealed };
            assert_eq!(sealed.open(keys, PatronBinding(patron.id)).ok().unwrap().expose(), text);
        }
        let row = staff_accounts::Entity::find_by_id(self.staff).one(writer).await.unwrap().unwrap();
        let stored = StoredPin {
            scheme: row.password_scheme.unwrap(),
            key_id: row.password_key_id.unwrap(),
            hash: row.password_hash.unwrap(),
        };
        let owner = PasswordBinding::StaffAccount(self.staff);
        assert!(vault.verify(password(), owner, Some(stored)).await.unwrap().matches);
    }
}

const SEALED: u64 = 3 * PATRONS as u64 + 1;

on_both_engines! {
    async fn work_that_is_cut_off_goes_on_where_it_was(engine: Engine) {
        let kept = Kept::start(engine).await;
        let keys = Arc::new(Keys::rotate(&kept.path, &SystemRandom).unwrap());
        let (store, surroundings) = (&kept.t.store, &kept.t.surroundings);
        // Cut off after each batch in turn, from outside as a kill does.
        let mut moved = 0;
        for _ in 0..6 {
            let (store, surroundings, keys_of_run) = (Arc::clone(store), surroundings.clone(), Arc::clone(&keys));
            let run = tokio::spawn(async move {
                key_care::rekey(&store, &surroundings, &keys_of_run, 2, |_, _| panic!("cut off")).await
            });
            assert!(run.await.unwrap_err().is_panic());
            let now = kept.under(2).await;
            assert!(now > moved, "what was moved stays moved, and more of it");
            moved = now;
            assert_eq!(kept.under(1).await + now, SEALED);
            kept.assert_whole(&keys).await;
        }
        let report = key_care::rekey(store, surroundings, &keys, 2, |_, _| {}).await.unwrap();
        assert_eq!(kept.under(2).await, SEALED);
        assert!(report.iter().all(|kind| kind.unreadable == 0 && kind.left == 0), "{report:?}");
        assert_eq!(report.iter().map(|kind| kind.moved).sum::<u64>() + moved, SEALED);
        kept.assert_whole(&keys).await;
        // Again, there is nothing to do.
        let again = key_care::rekey(store, surroundings, &keys, 1_000, |_, _| {}).await.unwrap();
        assert!(again.iter().all(|kind| (kind.moved, kind.unreadable, kind.left) == (0, 0, 0)));
    }

    async fn a_lost_key_is_known_by_the_rows_it_takes(engine: Engine) {
        let kept = Kept::start(engine).await;
        let keys = Arc::new(Keys::rotate(&kept.path, &SystemRandom).unwrap());
        let (store, surroundings) = (&kept.t.store, &kept.t.surroundings);
        let before = key_care::rows(store, &keys, None, |_, _| panic!("none was asked for")).await.unwrap();
        assert_eq!(before.keys().collect::<Vec<_>>(), [KeyId(1)]);
        assert_eq!(before.count(KeyId(1), SealedKind::IdentityCode), PATRONS as u64);
        assert_eq!(before.count(KeyId(1), SealedKind::StaffPassword), 1);

        key_care::rekey(store, surroundings, &keys, 100, |_, _| {}).await.unwrap();
        let mut lost = Vec::new();
        let after = key_care::rows(store, &keys, Some(KeyId(1)), |kind, name| lost.push((kind, name.to_owned())))
            .await
            .unwrap();
        // The peppers are still of the first key: identity codes are safe from its loss, PINs are not yet.
        assert_eq!(after.count(KeyId(1), SealedKind::IdentityCode), 0);
        for kind in [SealedKind::Pin, SealedKind::WebPassword, SealedKind::IdentityCode] {
            assert_eq!(after.count(KeyId(2), kind), PATRONS as u64, "{kind:?}");
        }
        assert_eq!(after.count(KeyId(1), SealedKind::Pin), PATRONS as u64);
        let (patron, _) = &kept.patrons[0];
        assert!(lost.contains(&(SealedKind::Pin, patron.card.clone())));
        assert!(lost.contains(&(SealedKind::StaffPassword, "aino".to_owned())));
        assert_eq!(lost.len() as u64, SEALED - PATRONS as u64);

        // A file without any of these keys reads nothing, says so, and changes nothing.
        let stranger = Arc::new(Keys::ephemeral(&SystemRandom));
        let dump = kept.t.dump().await;
        let report = key_care::rekey(store, surroundings, &stranger, 3, |_, _| {}).await.unwrap();
        assert_eq!(report.iter().map(|kind| kind.unreadable).sum::<u64>(), SEALED);
        assert!(kept.t.dump().await == dump);
    }
}
