//! Whether the values can be used, as far as the configuration alone can tell. Files, the database and
//! the clock are looked at by `kortisto check` and at start.

use std::ops::RangeInclusive;

use super::{Config, notices::minute_of_day};
use crate::notices::{EmailSecurity, MESSAGE_SECONDS_MAX};
use crate::telemetry;
use crate::text::Language;

/// A key whose value cannot be used. Its text never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {right}")]
pub struct InvalidKey {
    /// The key, for example `limits.deadline_ms`.
    pub key: &'static str,
    /// What would be right.
    pub right: String,
}

/// Longest name of a consortium, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Every key that cannot be used.
pub(super) fn check(config: &Config) -> Vec<InvalidKey> {
    let mut found = Found(Vec::new());
    let limits = &config.limits;

    found.range("listen.connection_max", config.listen.connection_max as u64, 1..=65_536);
    let same_port = config.listen.addr.port() == config.listen.enrolment_addr.port();
    let any_port = config.listen.addr.port() == 0;
    found.unless(!same_port || any_port, "listen.enrolment_addr", || {
        format!("another port than listen.addr ({})", config.listen.addr)
    });

    let scheme = config.database.url.scheme();
    found.unless(matches!(scheme, "sqlite" | "postgres" | "postgresql"), "database.url", || {
        "sqlite:///path/to/file or postgres://user:password@host/database".into()
    });

    found.range("tls.device_certificate_hours", config.tls.device_certificate_hours.into(), 1..=9600);
    found.unless(is_file_name(&config.keys.credential), "keys.credential", || {
        "the name of a systemd credential, without '/'".into()
    });

    let name = config.consortium.name.trim();
    found.unless(
        (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && crate::ca::trust_domain(name).is_some(),
        "consortium.name",
        || format!("1 to {NAME_CHARS_MAX} characters with at least one letter or digit"),
    );
    let languages = &config.consortium.languages;
    let known = languages.iter().all(|tag| Language::ALL.iter().any(|language| language.tag() == tag));
    let distinct = languages.iter().collect::<std::collections::HashSet<_>>().len() == languages.len();
    found.unless(!languages.is_empty() && known && distinct, "consortium.languages", || {
        "at least one of \"fi\", \"sv\" and \"en\", each at most once".into()
    });

    if let Err(error) = telemetry::logs::filter(&config.log.level) {
        found.add("log.level", format!("a level such as \"info\", or directives ({error})"));
    }
    if let Err(error) = telemetry::metrics::check_address(&config.metrics) {
        found.add("metrics.addr", error.to_string().trim_start_matches("metrics.addr: ").to_owned());
    }
    if let Some(endpoint) = &config.telemetry.otlp_endpoint {
        found.unless(is_plain_http(endpoint), "telemetry.otlp_endpoint", || "http://host:port".into());
    }

    found.unless(!config.staff.openid.is_partial(), "staff.openid", || {
        "issuer, audience and keys_file, or none of them".into()
    });

    notices(config, &mut found);

    found.range("limits.rpc_in_flight_max", limits.rpc_in_flight_max as u64, 1..=65_536);
    found.range("limits.deadline_ms", limits.deadline_ms, 100..=60_000);
    found.range("limits.circulation_lanes", limits.circulation_lanes as u64, 1..=4);
    found.range("limits.door_lanes", limits.door_lanes as u64, 1..=4);
    found.range("limits.lane_queue_max", limits.lane_queue_max as u64, 1..=65_536);
    found.range("limits.hash_threads", limits.hash_threads as u64, 0..=256);
    found.range("limits.hash_queue_max", limits.hash_queue_max as u64, 1..=1024);
    found.range("limits.failure_floor_ms", limits.failure_floor_ms, 0..=2000);
    found.unless(limits.failure_floor_ms < limits.deadline_ms, "limits.failure_floor_ms", || {
        format!("less than limits.deadline_ms ({})", limits.deadline_ms)
    });
    found.range("drain.lame_duck_ms", config.drain.lame_duck_ms, 0..=30_000);
    found.range("drain.limit_ms", config.drain.limit_ms, 0..=60_000);
    found.0
}

fn notices(config: &Config, found: &mut Found) {
    let (email, webhook) = (&config.notices.email, &config.notices.webhook);
    found.range("notices.every_seconds", config.notices.every_seconds, 1..=3600);
    let (from, until) = (minute_of_day(&config.notices.sms_from), minute_of_day(&config.notices.sms_until));
    found.unless(from.is_some(), "notices.sms_from", || "HH:MM, for example 08:00".into());
    let ends_later = until.is_some_and(|until| from.is_none_or(|from| from < until));
    found.unless(ends_later, "notices.sms_until", || "HH:MM later than sms_from, 24:00 at most".into());
    found.unless(email.host.is_some() == email.from.is_some(), "notices.email", || {
        "host and from, or none of them".into()
    });
    let from_is_good =
        email.from.as_deref().is_none_or(|from| kortisto_domain::contact::email(from).is_some());
    found.unless(from_is_good, "notices.email.from", || "an e-mail address".into());
    found.unless(email.user.is_some() == email.password_file.is_some(), "notices.email.user", || {
        "with password_file, or none of them".into()
    });
    let bare =
        email.security == EmailSecurity::None && email.host.as_deref().is_some_and(|host| !is_loopback(host));
    found.unless(!bare, "notices.email.security", || "tls or starttls to another machine".into());
    found.range("notices.email.port", email.port.into(), 1..=65_535);
    found.range("notices.email.timeout_seconds", email.timeout_seconds, 1..=MESSAGE_SECONDS_MAX);
    found.range("notices.email.connections_max", email.connections_max.into(), 1..=8);
    found.unless(webhook.url.is_some() == webhook.secret_file.is_some(), "notices.webhook", || {
        "url and secret_file, or none of them".into()
    });
    found.unless(webhook.url.as_deref().is_none_or(is_webhook), "notices.webhook.url", || {
        "https://host/path, or http:// to this machine itself".into()
    });
    found.range("notices.webhook.timeout_seconds", webhook.timeout_seconds, 1..=MESSAGE_SECONDS_MAX);
    let letters_twice = webhook.letters && config.notices.letters.directory.is_some();
    found.unless(!letters_twice, "notices.webhook.letters", || {
        "false where notices.letters.directory is set: a letter goes one way".into()
    });
}

/// Whether this names the machine itself.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn is_webhook(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| match uri.scheme_str() {
        Some("https") => uri.host().is_some(),
        Some("http") => uri.host().is_some_and(is_loopback),
        _ => false,
    })
}

struct Found(Vec<InvalidKey>);

impl Found {
    fn add(&mut self, key: &'static str, right: String) {
        self.0.push(InvalidKey { key, right });
    }

    fn unless(&mut self, usable: bool, key: &'static str, right: impl FnOnce() -> String) {
        if !usable {
            self.add(key, right());
        }
    }

    fn range(&mut self, key: &'static str, value: u64, range: RangeInclusive<u64>) {
        let (least, most) = (*range.start(), *range.end());
        self.unless(range.contains(&value), key, || format!("{least} to {most}, not {value}"));
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/')
}

fn is_plain_http(endpoint: &str) -> bool {
    endpoint.parse::<http::Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.port().is_some())
}
