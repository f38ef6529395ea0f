//! Tests of the configuration.

use super::*;
use kortisto_domain::notices::hours::SmsHours;

const EXAMPLE: &str = include_str!("../../../../deploy/kortisto.example.toml");

/// The keys without a default, with a value each.
const WITHOUT_DEFAULT: [&str; 16] = [
    "crl",
    "issuing_authority_key",
    "file",
    "otlp_endpoint",
    "issuer",
    "audience",
    "keys_file",
    "heads_file",
    "host",
    "from",
    "user",
    "password_file",
    "authority",
    "url",
    "secret_file",
    "directory",
];

fn invalid(text: &str) -> Vec<InvalidKey> {
    match Config::from_text(text, &[]) {
        Err(ConfigFault::Invalid(keys)) => keys,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_example_is_the_defaults() {
    assert_eq!(Config::from_text(EXAMPLE, &[]).unwrap(), Config::default());
    assert_eq!(Config::from_text("", &[]).unwrap(), Config::default());
}

#[test]
fn the_examples_keys_without_default_exist() {
    let mut uncommented = EXAMPLE.to_owned();
    for key in WITHOUT_DEFAULT {
        let commented = format!("\n# {key} = ");
        assert!(uncommented.contains(&commented), "{key}");
        uncommented = uncommented.replace(&commented, &format!("\n{key} = "));
    }
    let config = Config::from_text(&uncommented, &[]).unwrap();
    assert!(config.tls.crl.is_some() && config.tls.issuing_authority_key.is_some());
    assert!(config.keys.file.is_some() && config.telemetry.otlp_endpoint.is_some());
    assert!(config.staff.openid.options().is_some() && config.audit.heads_file.is_some());
    let (email, webhook) =
        (config.notices.email.options("Kirkes").unwrap(), config.notices.webhook.options());
    assert!(email.authority.is_some() && email.credentials.is_some() && webhook.unwrap().authority.is_some());
    assert!(config.notices.letters.directory.is_some());
}

#[test]
fn the_example_holds_every_key() {
    // Debug writes every field as "name: value".
    let fields = format!("{:?}", Config::default());
    let mut count = 0;
    for before in fields.split(": ") {
        let key = before.rsplit(|c: char| !(c.is_ascii_lowercase() || c == '_')).next().unwrap_or_default();
        if key.is_empty() {
            continue;
        }
        let section =
            ["\n[{}]", "\n[{}.", ".{}]\n"].iter().any(|form| EXAMPLE.contains(&form.replace("{}", key)));
        let value =
            EXAMPLE.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")));
        assert!(section || value, "{key} is missing in the example");
        count += 1;
    }
    assert!(count > 35, "{count}");
}

#[test]
fn a_misspelt_key_is_named() {
    for text in ["[limits]\ndeadline = 5", "[limit]\ndeadline_ms = 5000", "reflections = true"] {
        let fault = Config::from_text(text, &[]).unwrap_err().to_string();
        assert!(fault.contains("unknown field"), "{fault}");
    }
    let variables = [("KORTISTO__LIMITS__DEADLIN_MS", "5000")];
    let fault = Config::from_text("", &variables).unwrap_err().to_string();
    assert!(fault.contains("deadlin_ms"), "{fault}");
}

#[test]
fn the_environment_wins() {
    let config = Config::from_text(
        "[limits]\ndeadline_ms = 3000\nfailure_floor_ms = 100",
        &[
            ("KORTISTO__LIMITS__DEADLINE_MS", "4000"),
            ("KORTISTO__CONSORTIUM__LANGUAGES", "sv,fi"),
            ("KORTISTO__CONSORTIUM__NAME", "Kirkes"),
            ("KORTISTO__METRICS__ENABLED", "false"),
            ("KORTISTO__REFLECTION", "true"),
            ("KORTISTO_HOME", "not a key"),
        ],
    )
    .unwrap();
    assert_eq!(config.limits.deadline_ms, 4000);
    assert_eq!(config.limits.failure_floor_ms, 100);
    assert_eq!(config.consortium.languages, ["sv", "fi"]);
    assert_eq!(config.consortium.name, "Kirkes");
    assert!(!config.metrics.enabled && config.reflection);
}

#[test]
fn each_bad_value_names_its_key_and_what_would_be_right() {
    for (text, key, right) in [
        ("[listen]\nconnection_max = 0", "listen.connection_max", "1 to 65536, not 0"),
        ("[listen]\nenrolment_addr = \"0.0.0.0:7443\"", "listen.enrolment_addr", "another port"),
        ("[database]\nurl = \"mysql://x\"", "database.url", "sqlite:///path/to/file"),
        ("[tls]\ndevice_certificate_hours = 9601", "tls.device_certificate_hours", "1 to 9600"),
        ("[keys]\ncredential = \"../x\"", "keys.credential", "without '/'"),
        ("[consortium]\nname = \" \"", "consortium.name", "1 to 100 characters"),
        ("[consortium]\nlanguages = []", "consortium.languages", "at least one"),
        ("[consortium]\nlanguages = [\"fi\", \"se\"]", "consortium.languages", "at least one"),
        ("[consortium]\nlanguages = [\"fi\", \"fi\"]", "consortium.languages", "at most once"),
        ("[log]\nlevel = \"loud==\"", "log.level", "a level such as"),
        ("[metrics]\naddr = \"0.0.0.0:9464\"", "metrics.addr", "use 127.0.0.1"),
        ("[telemetry]\notlp_endpoint = \"https://x:4317\"", "telemetry.otlp_endpoint", "http://host:port"),
        ("[notices]\nevery_seconds = 0", "notices.every_seconds", "1 to 3600"),
        ("[notices]\nsms_from = \"8:00\"", "notices.sms_from", "HH:MM"),
        ("[notices]\nsms_from = \"08:60\"", "notices.sms_from", "HH:MM"),
        ("[notices]\nsms_from = \"21:00\"", "notices.sms_until", "later than sms_from"),
        ("[notices]\nsms_until = \"24:01\"", "notices.sms_until", "24:00 at most"),
        ("[notices]\nsms_until = \"evening\"", "notices.sms_until", "HH:MM"),
        ("[notices.email]\nhost = \"mail.example.fi\"", "notices.email", "host and from"),
        (
            "[notices.email]\nhost = \"mail.example.fi\"\nfrom = \"a@b\"",
            "notices.email.from",
            "an e-mail address",
        ),
        ("[notices.email]\nuser = \"kirjasto\"", "notices.email.user", "with password_file"),
        (
            "[notices.email]\nhost = \"mail.example.fi\"\nfrom = \"a@b.fi\"\nsecurity = \"none\"",
            "notices.email.security",
            "to another machine",
        ),
        ("[notices.email]\nport = 0", "notices.email.port", "1 to 65535"),
        ("[notices.email]\ntimeout_seconds = 51", "notices.email.timeout_seconds", "1 to 50"),
        ("[notices.email]\nconnections_max = 9", "notices.email.connections_max", "1 to 8"),
        ("[notices.webhook]\nsecret_file = \"/x\"", "notices.webhook", "url and secret_file"),
        (
            "[notices.webhook]\nsecret_file = \"/x\"\nurl = \"http://sms.example.fi/\"",
            "notices.webhook.url",
            "https://host/path",
        ),
        ("[notices.webhook]\ntimeout_seconds = 0", "notices.webhook.timeout_seconds", "1 to 50"),
        (
            "[notices.webhook]\nletters = true\n[notices.letters]\ndirectory = \"/x\"",
            "notices.webhook.letters",
            "goes one way",
        ),
        ("[limits]\nrpc_in_flight_max = 0", "limits.rpc_in_flight_max", "1 to 65536"),
        ("[limits]\ndeadline_ms = 99\nfailure_floor_ms = 0", "limits.deadline_ms", "100 to 60000"),
        ("[limits]\nfailure_floor_ms = 300\ndeadline_ms = 200", "limits.failure_floor_ms", "less than"),
        ("[limits]\ncirculation_lanes = 5", "limits.circulation_lanes", "1 to 4"),
        ("[drain]\nlimit_ms = 60001", "drain.limit_ms", "0 to 60000"),
    ] {
        let keys = invalid(text);
        assert_eq!(keys.len(), 1, "{text}: {keys:?}");
        assert_eq!(keys[0].key, key);
        assert!(keys[0].right.contains(right), "{text}: {}", keys[0]);
    }
}

#[test]
fn text_messages_have_hours() {
    let hours = |text: &str| Config::from_text(text, &[]).unwrap().notices.sms_hours();
    assert_eq!(hours(""), SmsHours::new(8 * 60, 21 * 60));
    assert_eq!(hours("[notices]\nsms_from = \"00:00\"\nsms_until = \"24:00\""), Some(SmsHours::ALL_DAY));
    assert_eq!(hours("[notices]\nsms_from = \"09:30\""), SmsHours::new(9 * 60 + 30, 21 * 60));
}

#[test]
fn a_time_zone_that_does_not_exist_is_refused() {
    let fault = Config::from_text("[consortium]\ntime_zone = \"Europe/Kuopio\"", &[]).unwrap_err();
    assert!(fault.to_string().contains("time_zone"), "{fault}");
}

#[test]
fn a_password_is_in_no_fault_and_no_debug_text() {
    let config =
        Config::from_text("[database]\nurl = \"postgres://kortisto:hunter2@db/register\"", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.database.url.expose().contains("hunter2"));
    let fault =
        Config::from_text("[database]\nurl = \"mysql://kortisto:hunter2@db/register\"", &[]).unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("hunter2"));
}

#[test]
fn keys_come_from_the_file_or_else_from_systemd() {
    let mut keys = KeysConfig::default();
    let folder = Path::new("/run/credentials/kortisto.service");
    assert_eq!(keys.path(None), None);
    assert_eq!(keys.path(Some(folder)), Some(folder.join("kortisto-keys")));
    keys.file = Some("/etc/kortisto/keys".into());
    assert_eq!(keys.path(Some(folder)), Some("/etc/kortisto/keys".into()));
}

#[test]
fn hashing_leaves_a_core_to_the_doors() {
    let limits = LimitsConfig::default();
    assert_eq!([limits.hash_threads(1), limits.hash_threads(2), limits.hash_threads(8)], [1, 1, 7]);
}
