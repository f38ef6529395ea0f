//! No public type and no error shows a secret, whatever it is printed with.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::fmt::{Debug, Display};
use std::sync::Arc;

use kortisto_vault::{
    CardBinding, EnrolmentCode, HashCost, KeyId, Keys, LengthRange, Password, Pin, PinVault, PoolSize,
    SeededRandom, SystemRandom, Verification,
};
use secrecy::ExposeSecret;

const PIN: &str = "90817263";

/// Fails to compile when the type implements the trait: then two implementations of the marker fit.
macro_rules! assert_lacks {
    ($type:ty: $bound:path) => {
        const _: fn() = || {
            trait Lacks<Marker> {
                fn it() {}
            }
            impl<T: ?Sized> Lacks<()> for T {}
            struct HasIt;
            impl<T: ?Sized + $bound> Lacks<HasIt> for T {}
            let _ = <$type as Lacks<_>>::it;
        };
    };
}

assert_lacks!(Pin: Debug);
assert_lacks!(Pin: Display);
assert_lacks!(Pin: Clone);
assert_lacks!(Pin: PartialEq);
assert_lacks!(Password: Debug);
assert_lacks!(Password: Display);
assert_lacks!(Password: Clone);
assert_lacks!(Password: PartialEq);
assert_lacks!(Keys: Display);
assert_lacks!(Keys: Clone);
assert_lacks!(EnrolmentCode: Display);
assert_lacks!(EnrolmentCode: Clone);

fn pin() -> Pin {
    Pin::parse(PIN, LengthRange::WIDEST).unwrap()
}

#[tokio::test]
async fn debug_of_every_public_type_shows_no_secret() {
    let random = SeededRandom::new(1);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.toml");
    let keys = Arc::new(Keys::create(&path, &random).unwrap());
    let file = std::fs::read_to_string(&path).unwrap();
    let vault = PinVault::start(
        Arc::clone(&keys),
        Arc::new(SeededRandom::new(2)),
        HashCost::CHEAP_FOR_TESTS,
        PoolSize::for_cores(2),
    );
    let stored = vault.hash(pin(), CardBinding(1)).await.unwrap();
    let verification = vault.verify(pin(), CardBinding(1), Some(stored.clone())).await.unwrap();
    let code = EnrolmentCode::random(&random);
    let token = keys.session_token(&[1; 16], 1);

    let mut secrets: Vec<String> = file
        .lines()
        .filter_map(|line| line.strip_prefix("secret = \"")?.strip_suffix('"'))
        .flat_map(|secret| {
            let bytes = hex::decode(secret).unwrap();
            [secret.to_owned(), format!("{bytes:?}")[1..60].to_owned()]
        })
        .collect();
    assert_eq!(secrets.len(), 4, "the file must hold two masters");
    secrets.push(PIN.to_owned());
    secrets.push(code.printed().expose_secret().to_owned());
    secrets.push(token.expose_secret().to_owned());
    secrets.push(hex::encode(&stored.hash));
    secrets.push(format!("{:?}", &stored.hash[..16]).trim_matches(['[', ']']).to_owned());

    let replaced = Verification { matches: true, replacement: Some(stored.clone()), fault: None };
    let shown = [
        format!("{keys:?} {vault:?} {keys:#?} {stored:?}"),
        format!("{verification:?} {replaced:?} {replaced:#?}"),
        format!("{code:?} {token:?} {:?} {:?}", code.printed(), SystemRandom),
        format!("{:?} {:?} {:?}", KeyId(1), CardBinding(1), HashCost::RECOMMENDED),
        format!("{:?} {:?}", PoolSize::default(), LengthRange::WIDEST),
    ]
    .concat();
    for secret in &secrets {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
    assert!(shown.contains("Keys { current: 1, ids: [1], .. }"), "{shown}");
}

#[tokio::test]
async fn no_error_quotes_what_was_typed() {
    for typed in [PIN.to_owned() + "x", PIN.repeat(2), "987".to_owned()] {
        let fault = Pin::parse(&typed, LengthRange::WIDEST).err().unwrap();
        assert!(!format!("{fault} {fault:?}").contains(&typed));
    }
    for typed in ["hauki".to_owned(), "hauki ".repeat(40), "hauki\non kala".to_owned()] {
        let fault = Password::parse(&typed).err().unwrap();
        assert!(!format!("{fault} {fault:?}").contains("hauki"));
    }
    for typed in ["7ZZZ", "7ZZZ-U"] {
        let fault = EnrolmentCode::parse(typed).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("ZZZ"));
    }
    let vault = PinVault::start(
        Arc::new(Keys::ephemeral(&SeededRandom::new(3))),
        Arc::new(SeededRandom::new(4)),
        HashCost::CHEAP_FOR_TESTS,
        PoolSize::default(),
    );
    vault.shutdown();
    let busy = vault.verify(pin(), CardBinding(1), None).await.unwrap_err();
    assert!(!format!("{busy} {busy:?}").contains(PIN));
}
