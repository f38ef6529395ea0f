//! Nothing that the register says or keeps tells a PIN, and nothing that it says tells of a person.

use super::{
    child::{self, Role},
    secrets_of_staff,
};
use kortisto::device::v1::{
    AuthenticatePatronRequest, CheckoutRequest, EnrolDeviceRequest, ListHoldsRequest,
    enrolment_service_client::EnrolmentServiceClient,
};
use kortisto_domain::DeviceKind;
use kortisto_register::devices::NewDevice;
use kortisto_server::identity::fingerprint as sha256;
use kortisto_store::entities::pins;
use kortisto_testkit::{
    Engine, TempDir, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, PatronSeed, TestPatron, certificate_request, new_id, tell_everything},
};
use kortisto_vault::{
    CardBinding, HashCost, Keys, LengthRange, Pin, PinVault, PoolSize, StoredPin, SystemRandom,
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use std::{collections::BTreeSet, fmt::Debug, fs, path::Path, sync::Arc};

/// PINs so long that no number in a log is one by chance.
const PIN: &str = "804273915562";

/// One that is wrong.
const WRONG_PIN: &str = "519203377146";

/// A PIN with a letter: malformed, and a secret all the same.
const MALFORMED_PIN: &str = "80427391556x";

/// Prints what a device is told, as a careless log of its vendor would.
fn say<T: Debug>(answer: Result<T, tonic::Status>) {
    match answer {
        // An answer is for the device alone, and tells what it may.
        Ok(_) => println!("answered"),
        Err(status) => println!("{status:?} {status}"),
    }
}

async fn authenticate(device: &kortisto_testkit::register::Device, id: &str, card: &str, pin: &str) {
    let request = AuthenticatePatronRequest {
        attempt_id: id.to_owned(),
        card_number: card.to_owned(),
        pin: pin.to_owned(),
        ..Default::default()
    };
    say(device.patrons().authenticate_patron(request).await);
}

/// The child: everything a patron does, well and badly, with all that there is to log switched on.
pub(super) async fn play(folder: &Path) {
    let metrics = tell_everything();
    let engine = if folder.join("postgres").exists() { Engine::Postgres } else { Engine::Sqlite };
    let t = TestRegister::start(engine).await;
    let patron = t.patron_with(PatronSeed { pin: Some(PIN), debt_cents: 990, ..PatronSeed::default() }).await;
    let (kiosk, door) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Door).await);
    let id = new_id();
    authenticate(&kiosk, &id, &patron.card, PIN).await;
    for pin in [WRONG_PIN, MALFORMED_PIN] {
        authenticate(&kiosk, &id, &patron.card, pin).await;
        authenticate(&kiosk, &new_id(), &patron.card, pin).await;
        authenticate(&kiosk, &new_id(), "853A-nobody", pin).await;
        authenticate(&kiosk, &new_id(), &format!("{}\0", patron.card), pin).await;
        say(door.ask_door(&patron.card, Some(pin), "pin-door").await);
    }
    let token = kiosk.sign_in(&patron.card, PIN).await;
    let (item, waiting) = (t.item().await, t.item().await);
    let hold = t.hold(&patron, waiting.title, BRANCH_MAIN).await;
    say(kiosk.take_back(&waiting.barcode).await);
    say(kiosk.checkout(&token, &item.barcode).await);
    say(kiosk.checkout(&format!("{token}x"), &item.barcode).await);
    say(kiosk.pick_up(&token, hold.id).await);
    let request = CheckoutRequest { request_id: id, patron_token: token.clone(), item_barcode: item.barcode };
    say(kiosk.loans().checkout(request).await);
    say(door.ask_door(&patron.card, None, "door").await);

    let new = NewDevice { name: "new door".to_owned(), kind: DeviceKind::Door, branch: "main".to_owned() };
    let code = t.enrolment_code(new).await.unwrap();
    let (good, key) = certificate_request();
    let mut enrolment = EnrolmentServiceClient::new(t.connect_to_enrol().await.unwrap());
    for certificate_request_pem in [key.clone(), good.clone(), good] {
        let request = EnrolDeviceRequest { enrolment_code: code.clone(), certificate_request_pem };
        say(enrolment.enrol_device(request).await);
    }
    let issued = secrets_of_staff::play(&t, &patron).await;
    // Statements that fail, with the values of the patron in them.
    for table in ["holds", "pins", "pin_attempts", "open_loans"] {
        let rename = format!("alter table {table} rename to {table}_gone");
        t.store.writer().execute_unprepared(&rename).await.unwrap();
    }
    let request = ListHoldsRequest { patron_token: token.clone(), ..Default::default() };
    say(kiosk.holds().list_holds(request).await);
    say(kiosk.checkout(&token, "853B").await);
    authenticate(&kiosk, &new_id(), &patron.card, PIN).await;
    println!("{:?} {:?} {t:?}", t.register.lane_stats(), t.keys, t = door);
    t.stop().await;
    println!("{}", metrics());
    let private = |pem: &str| pem.lines().nth(1).unwrap().to_owned();
    let secrets = [
        PIN.to_owned(),
        WRONG_PIN.to_owned(),
        MALFORMED_PIN.to_owned(),
        patron.card,
        "853A-nobody".to_owned(),
        "Testaaja".to_owned(),
        "Aino".to_owned(),
        "1980-05-17".to_owned(),
        token,
        code,
        private(&key),
    ];
    let mut secrets = secrets.to_vec();
    secrets.extend(secrets_of_staff::secrets());
    secrets.push(issued);
    fs::write(folder.join("secrets"), secrets.join("\n")).unwrap();
}

/// Whether a text holds a secret, plain or in hexadecimal digits.
pub(super) fn told(text: &str, secret: &str) -> bool {
    let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    text.contains(secret) || text.contains(&hex) || text.contains(&hex.to_uppercase())
}

async fn nothing_is_said(engine: Engine) {
    let folder = TempDir::new().unwrap();
    if engine == Engine::Postgres {
        fs::write(folder.path().join("postgres"), "").unwrap();
    }
    let mut process = child::start(Role::Secrets, folder.path());
    let status = process.child.wait().await.unwrap();
    let said = fs::read_to_string(folder.path().join("output.txt")).unwrap();
    assert!(status.success(), "{said}");
    // It did listen: spans, events of every layer, errors and metrics.
    for word in [
        "TRACE",
        "DEBUG",
        "AuthenticatePatron",
        "h2::",
        "rustls",
        "unit_of_work",
        "FIELD_INVALID",
        "REQUEST_ID_REUSED",
    ] {
        assert!(said.contains(word), "nothing of {word} in {} bytes", said.len());
    }
    assert!(said.contains("kortisto_rpc_total"), "no metrics");
    let secrets = fs::read_to_string(folder.path().join("secrets")).unwrap();
    for secret in secrets.lines() {
        let lines: Vec<_> = said.lines().filter(|line| told(line, secret)).collect();
        assert!(lines.is_empty(), "{secret} was said {} times, first:\n{}", lines.len(), lines[0]);
    }
    assert!(secrets.lines().count() > 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_on_sqlite() {
    nothing_is_said(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_on_postgres() {
    nothing_is_said(Engine::Postgres).await;
}

/// Every run of bytes in a dump, decoded.
fn blobs(dump: &str) -> BTreeSet<Vec<u8>> {
    let words = dump.split(|c: char| !c.is_ascii_alphanumeric());
    let hex = words.map(|word| word.trim_start_matches('x')).filter(|word| word.len() >= 16);
    hex.filter_map(decode).collect()
}

fn decode(word: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        word.chars().map(|c| c.to_digit(16).and_then(|d| d.try_into().ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Hashes that a careless register might have kept of a PIN, to compare with what is there.
fn guesses(patron: &TestPatron, pin: &str) -> Vec<[u8; 32]> {
    let card = patron.card.as_str();
    let id = patron.card_id.to_string();
    let texts = [
        pin.to_owned(),
        format!("{card}{pin}"),
        format!("{pin}{card}"),
        format!("{card}:{pin}"),
        format!("{id}{pin}"),
        format!("{id}:{pin}"),
        format!("{}{pin}", patron.pseudonym),
    ];
    let mut guesses: Vec<_> = texts.iter().map(|text| sha256(text.as_bytes())).collect();
    // As the register hashes the bodies of requests that hold no secret: each part with its length.
    for rpc in ["PatronService.AuthenticatePatron", "AccessService.CheckAccess"] {
        let mut bytes = Vec::new();
        for part in [rpc, card, pin] {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        guesses.push(sha256(&bytes));
    }
    guesses
}

/// The PINs of four digits that a copy of the database gives away, found by hashing them all.
fn found_by_hashing(patron: &TestPatron, blobs: &BTreeSet<Vec<u8>>) -> Vec<String> {
    let every = (0..10_000).map(|pin| format!("{pin:04}"));
    let kept = |hash: &[u8; 32]| blobs.contains(&hash[..]) || blobs.contains(&hash[..16]);
    every.filter(|pin| guesses(patron, pin).iter().any(kept)).collect()
}

/// The PINs of four digits that verify against a stored one with these keys.
async fn found_by_verifying(keys: Arc<Keys>, patron: &TestPatron, stored: &StoredPin) -> Vec<String> {
    let size = PoolSize { threads: 1, queue_per_thread: 64 };
    let vault = PinVault::start(keys, Arc::new(SystemRandom), HashCost::CHEAP_FOR_TESTS, size);
    let mut found = Vec::new();
    for pin in (0..10_000).map(|pin| format!("{pin:04}")) {
        let typed = Pin::parse(&pin, LengthRange::WIDEST).unwrap();
        let tried = vault.verify(typed, CardBinding(patron.card_id), Some(stored.clone())).await.unwrap();
        if tried.matches {
            found.push(pin);
        }
    }
    vault.shutdown();
    found
}

on_both_engines! {
    async fn a_copy_of_the_database_gives_no_pin_away(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, door) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Door).await);
        let patron = t.patron_with(PatronSeed { pin: Some("7351"), ..PatronSeed::default() }).await;
        let long = t.patron_with(PatronSeed { pin: Some(PIN), ..PatronSeed::default() }).await;
        for (who, wrong) in [(&patron, "2468"), (&long, WRONG_PIN)] {
            authenticate(&kiosk, &new_id(), &who.card, wrong).await;
            kiosk.sign_in(&who.card, who.pin).await;
            authenticate(&kiosk, &new_id(), &who.card, wrong).await;
            door.ask_door(&who.card, Some(who.pin), "pin-door").await.unwrap();
        }
        let dump = t.dump().await.into_values().flatten().collect::<Vec<_>>().join("\n");
        let blobs = blobs(&dump);
        assert!(blobs.len() > 10, "only {} blobs", blobs.len());
        for pin in [PIN, WRONG_PIN] {
            assert!(!told(&dump, pin));
            assert!(!blobs.iter().any(|blob| blob.windows(pin.len()).any(|part| part == pin.as_bytes())));
        }
        assert_eq!(found_by_hashing(&patron, &blobs), [""; 0]);
        // The search itself works: with a careless hash in the copy it finds the PIN.
        let careless = format!("{}{}", patron.card, "7351");
        let planted: BTreeSet<_> = [sha256(careless.as_bytes()).to_vec()].into();
        assert_eq!(found_by_hashing(&patron, &planted), ["7351"]);

        let row = pins::Entity::find_by_id(patron.card_id).one(t.store.writer()).await.unwrap().unwrap();
        let stored = StoredPin { scheme: row.scheme, key_id: row.key_id, hash: row.hash };
        let thief = Arc::new(Keys::ephemeral(&SystemRandom));
        assert_eq!(found_by_verifying(thief, &patron, &stored).await, [""; 0]);
        assert_eq!(found_by_verifying(Arc::clone(&t.keys), &patron, &stored).await, ["7351"]);
    }
}
