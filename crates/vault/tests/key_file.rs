//! The key file on a real file system: who may read it, what a crash or a mistake does to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kortisto_vault::{
    CardBinding, HashCost, KeyFault, KeyId, Keys, Pin, PinVault, PoolSize, SeededRandom, StoredPin,
};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.toml");
    (directory, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names_in(directory: &TempDir) -> Vec<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Two sets of keys are the same when they give the same values.
fn same(one: &Keys, other: &Keys) -> bool {
    one.card_key("2012345678") == other.card_key("2012345678")
        && one.pairwise_id("x", &[1; 16]) == other.pairwise_id("x", &[1; 16])
        && one.current() == other.current()
        && one.ids().eq(other.ids())
}

#[test]
fn what_is_created_is_loaded_again() {
    let (directory, path) = place();
    let made = Keys::create(&path, &SeededRandom::new(1)).unwrap();
    assert!(same(&made, &Keys::load(&path).unwrap()));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names_in(&directory), ["keys.toml"]);
    assert!(!same(&made, &Keys::ephemeral(&SeededRandom::new(2))));
}

#[test]
fn keys_are_never_made_over_others() {
    let (directory, path) = place();
    let made = Keys::create(&path, &SeededRandom::new(1)).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(Keys::create(&path, &SeededRandom::new(2)), Err(KeyFault::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(same(&made, &Keys::load(&path).unwrap()));
    assert_eq!(names_in(&directory), ["keys.toml"]);
}

#[test]
fn of_many_who_create_at_once_one_does_and_its_keys_are_in_the_file() {
    let (directory, path) = place();
    let made: Vec<Keys> = std::thread::scope(|scope| {
        let creators: Vec<_> = (0..8)
            .map(|seed| {
                let path = &path;
                scope.spawn(move || Keys::create(path, &SeededRandom::new(seed)))
            })
            .collect();
        creators.into_iter().filter_map(|creator| creator.join().unwrap().ok()).collect()
    });
    let [made] = made.as_slice() else { panic!("{} created the keys", made.len()) };
    assert!(same(made, &Keys::load(&path).unwrap()));
    assert_eq!(names_in(&directory), ["keys.toml"]);
}

#[test]
fn a_rotation_by_root_leaves_the_file_to_its_owner() {
    let (_directory, path) = place();
    Keys::create(&path, &SeededRandom::new(1)).unwrap();
    // Only root may give a file away; for anybody else there is nothing to keep.
    if std::os::unix::fs::chown(&path, Some(4_321), Some(4_321)).is_err() {
        return;
    }
    Keys::rotate(&path, &SeededRandom::new(2)).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid(), mode(&path)), (4_321, 4_321, 0o600));
}

#[test]
fn a_file_that_others_can_reach_is_refused_and_the_text_says_how_to_mend_it() {
    let (_directory, path) = place();
    Keys::create(&path, &SeededRandom::new(1)).unwrap();
    for open in [0o640, 0o604, 0o660, 0o644, 0o610, 0o601] {
        set_mode(&path, open);
        let fault = Keys::load(&path).unwrap_err();
        assert!(matches!(fault, KeyFault::TooOpen { mode, .. } if mode == open), "{fault}");
        assert!(fault.to_string().contains(&format!("chmod 600 {}", path.display())), "{fault}");
        assert!(Keys::rotate(&path, &SeededRandom::new(2)).is_err());
    }
    for closed in [0o600, 0o400] {
        set_mode(&path, closed);
        assert!(Keys::load(&path).is_ok());
    }
}

#[test]
fn a_credential_may_be_group_readable_inside_its_directory_only() {
    let (directory, path) = place();
    let elsewhere = tempfile::tempdir().unwrap();
    Keys::create(&path, &SeededRandom::new(1)).unwrap();
    set_mode(&path, 0o440);
    assert!(Keys::load_credential(&path, directory.path()).is_ok());
    assert!(matches!(Keys::load_credential(&path, elsewhere.path()), Err(KeyFault::TooOpen { .. })));
    let roundabout = directory.path().join("..").join("keys.toml");
    assert!(Keys::load_credential(&roundabout, directory.path()).is_err());
    let link = directory.path().join("link.toml");
    let outside = elsewhere.path().join("keys.toml");
    fs::copy(&path, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    assert!(matches!(Keys::load_credential(&link, directory.path()), Err(KeyFault::TooOpen { .. })));
}

#[test]
fn rotation_keeps_every_old_key_and_everything_lasting() {
    let (directory, path) = place();
    let first = Keys::create(&path, &SeededRandom::new(1)).unwrap();
    let second = Keys::rotate(&path, &SeededRandom::new(2)).unwrap();
    assert_eq!(second.current(), KeyId(2));
    assert!(second.ids().eq([KeyId(1), KeyId(2)]));
    assert_eq!(first.pairwise_id("x", &[1; 16]), second.pairwise_id("x", &[1; 16]));
    assert_eq!(first.card_key("1"), second.card_key("1"));
    assert!(same(&second, &Keys::load(&path).unwrap()));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(names_in(&directory), ["keys.toml"]);
}

#[test]
fn a_prepared_key_is_used_after_the_rotation_only() {
    let (_directory, path) = place();
    Keys::create(&path, &SeededRandom::new(1)).unwrap();
    assert_eq!(Keys::prepare_rotation(&path, &SeededRandom::new(2)).unwrap(), KeyId(2));
    let prepared = Keys::load(&path).unwrap();
    assert_eq!(prepared.current(), KeyId(1));
    assert!(prepared.ids().eq([KeyId(1), KeyId(2)]));
    // A server that was given the prepared file and one after the rotation agree on key 2.
    let rotated = Keys::rotate(&path, &SeededRandom::new(3)).unwrap();
    assert!(rotated.ids().eq([KeyId(1), KeyId(2)]));
    assert_eq!(rotated.current(), KeyId(2));
    let stored = stored_under(rotated);
    assert!(stored.rewrap(&prepared, CardBinding(1), &SeededRandom::new(4)).is_ok());
}

fn stored_under(keys: Keys) -> StoredPin {
    let vault = PinVault::start(
        Arc::new(keys),
        Arc::new(SeededRandom::new(5)),
        HashCost::CHEAP_FOR_TESTS,
        PoolSize { threads: 1, queue_per_thread: 1 },
    );
    vault.hash_now(Pin::random(&SeededRandom::new(6), 4), CardBinding(1)).unwrap()
}

#[test]
fn two_changes_at_once_do_not_lose_a_key() {
    let (directory, path) = place();
    Keys::create(&path, &SeededRandom::new(1)).unwrap();
    let done = std::thread::scope(|scope| {
        let rotations: Vec<_> = (0..32)
            .map(|seed| {
                let path = &path;
                scope.spawn(move || Keys::rotate(path, &SeededRandom::new(seed)))
            })
            .collect();
        rotations
            .into_iter()
            .map(|rotation| rotation.join().unwrap())
            .filter(|result| match result {
                Ok(_) => true,
                Err(fault) => {
                    assert!(matches!(fault, KeyFault::ChangeUnderWay { .. }), "{fault}");
                    false
                }
            })
            .count()
    });
    assert!(done >= 1);
    assert_eq!(Keys::load(&path).unwrap().ids().count(), 1 + done);
    assert_eq!(names_in(&directory), ["keys.toml"]);
}

#[test]
fn a_change_that_was_cut_off_is_named_and_harms_nothing() {
    let (directory, path) = place();
    let made = Keys::create(&path, &SeededRandom::new(1)).unwrap();
    let draft = directory.path().join("keys.toml.new");
    fs::write(&draft, "half a fi").unwrap();
    let fault = Keys::rotate(&path, &SeededRandom::new(2)).unwrap_err();
    assert!(fault.to_string().contains("keys.toml.new"), "{fault}");
    assert!(same(&made, &Keys::load(&path).unwrap()));
    assert!(draft.exists(), "somebody else's draft must stay");
}

#[test]
fn a_missing_file_and_a_directory_are_told_apart() {
    let (directory, path) = place();
    assert!(matches!(Keys::load(&path), Err(KeyFault::Missing { .. })));
    assert!(matches!(Keys::rotate(&path, &SeededRandom::new(1)), Err(KeyFault::Missing { .. })));
    assert!(matches!(Keys::load(directory.path()), Err(KeyFault::Damaged { .. })));
    assert!(names_in(&directory).is_empty());
}

#[test]
fn a_damaged_file_is_refused_without_quoting_it() {
    let secret = "c0ffee".repeat(11)[..64].to_owned();
    let whole = format!(
        "version = 1\ncurrent = 1\n[lasting]\nsecret = \"{secret}\"\n[[pin]]\nid = 1\nsecret = \"{secret}\"\n"
    );
    let (_directory, path) = place();
    let load = |text: &[u8]| {
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        Keys::load(&path)
    };
    assert!(load(whole.as_bytes()).is_ok());
    let cases = [
        (String::new(), "empty"),
        (whole.replace("version = 1", "version = 2"), "a later version"),
        (whole.replace("current = 1", "current = 2"), "a current key that is not there"),
        (whole.replace("id = 1", "id = 0"), "an id below 1"),
        (whole.replace("id = 1", "id = 99999"), "an id too high"),
        (whole.replace(&secret, &secret[1..]), "a short secret"),
        (whole.replace(&secret, &format!("{secret}00")), "a long secret"),
        (whole.replace(&secret, &"0".repeat(64)), "an empty secret"),
        (whole.replace(&secret, &format!("x{}", &secret[1..])), "not hexadecimal"),
        (whole.replace(&format!("\"{secret}\""), &secret), "no quotes"),
        (whole.replace("[lasting]", "[lasting]\nother = 1"), "an unknown field"),
        (format!("{whole}[[pin]]\nid = 1\nsecret = \"{secret}\"\n"), "one id twice"),
        (
            whole.replacen("version", &format!("note = \"{secret}\"\nversion"), 1),
            "an unknown field with a secret",
        ),
        (format!("{whole}{}", "#".repeat(70_000)), "too long"),
    ];
    for (text, why) in cases {
        let fault = load(text.as_bytes()).expect_err(why);
        assert!(matches!(fault, KeyFault::Damaged { .. }), "{why}: {fault}");
        let shown = format!("{fault} {fault:?}");
        assert!(!shown.contains("c0ffee"), "{why}: {shown}");
    }
    assert!(load(b"\xff\xfe").is_err());
    // Cut anywhere, it is refused, never read as less than it was.
    for length in 0..whole.trim_end().len() {
        assert!(load(&whole.as_bytes()[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn the_fault_names_the_line() {
    let (_directory, path) = place();
    fs::write(&path, "version = 1\ncurrent = 1\n[lasting\n").unwrap();
    set_mode(&path, 0o600);
    let fault = Keys::load(&path).unwrap_err();
    assert!(fault.to_string().contains("at line 3"), "{fault}");
}
