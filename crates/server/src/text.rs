//! What a patron reads: the text and the remedy of every reason, the line of a door's screen, and the messages that
//! need no words of their own.
//!
//! The texts are Project Fluent files, `text/{fi,sv,en}/`, compiled in. None of them takes a value, so
//! that nothing of a person can end up in one; they are therefore formatted once, at start.

use std::collections::HashMap;

use fluent_bundle::{FluentBundle, FluentResource};
use kortisto_domain::{MessageKind, Reason, messages::speaks_for_itself};
use unic_langid::LanguageIdentifier;

/// Longest text, in characters (kortisto.common.v1.Refusal).
pub const TEXT_CHARS_MAX: usize = 300;

/// A language in which the register speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Finnish.
    #[default]
    Finnish,
    /// Swedish.
    Swedish,
    /// English.
    English,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::Finnish, Self::Swedish, Self::English];

    /// The language of a tag such as "sv" or "sv-FI" (RFC 5646). Every other language, among them the
    /// Sámi languages as long as there are no texts in them, is answered in Finnish.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| primary.eq_ignore_ascii_case(language.tag()))
            .unwrap_or_default()
    }

    /// The tag (ISO 639-1).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Finnish => "fi",
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }

    const fn sources(self) -> [&'static str; 3] {
        match self {
            Self::Finnish => [
                include_str!("text/fi/reasons.ftl"),
                include_str!("text/fi/screen.ftl"),
                include_str!("text/fi/messages.ftl"),
            ],
            Self::Swedish => [
                include_str!("text/sv/reasons.ftl"),
                include_str!("text/sv/screen.ftl"),
                include_str!("text/sv/messages.ftl"),
            ],
            Self::English => [
                include_str!("text/en/reasons.ftl"),
                include_str!("text/en/screen.ftl"),
                include_str!("text/en/messages.ftl"),
            ],
        }
    }
}

/// What is said about a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonText {
    /// Why not.
    pub text: String,
    /// What lifts it.
    pub remedy: String,
}

/// The line of a door's screen. Others may read it over the patron's shoulder: it says what the patron
/// can do at the door, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScreenLine {
    /// The door opens.
    Granted,
    /// Card and PIN do not fit.
    CredentialsNotAccepted,
    /// The card is past its last day.
    CardExpired,
    /// Nobody is let in now.
    Closed,
    /// Every other refusal.
    Refused,
}

impl ScreenLine {
    /// Every line.
    pub const ALL: [Self; 5] =
        [Self::Granted, Self::CredentialsNotAccepted, Self::CardExpired, Self::Closed, Self::Refused];

    /// The line for a decision with these reasons; none means granted. A reason that the patron cannot
    /// mend at the door hides the others.
    #[must_use]
    pub fn for_reasons(reasons: &[Reason]) -> Self {
        match reasons {
            [] => Self::Granted,
            [Reason::CredentialsNotAccepted, ..] => Self::CredentialsNotAccepted,
            [Reason::CardExpired] => Self::CardExpired,
            [Reason::Closed] => Self::Closed,
            _ => Self::Refused,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Granted => "screen-granted",
            Self::CredentialsNotAccepted => "screen-credentials-not-accepted",
            Self::CardExpired => "screen-card-expired",
            Self::Closed => "screen-closed",
            Self::Refused => "screen-refused",
        }
    }
}

/// Every text in every language.
#[derive(Debug)]
pub struct Texts {
    reasons: HashMap<(Language, Reason), ReasonText>,
    screen: HashMap<(Language, ScreenLine), String>,
    messages: HashMap<(Language, MessageKind), String>,
}

impl Default for Texts {
    fn default() -> Self {
        Self::new()
    }
}

impl Texts {
    /// Formats the texts.
    ///
    /// # Panics
    /// When a file compiled in is malformed or lacks a text, which the tests of this module rule out.
    #[must_use]
    pub fn new() -> Self {
        let mut texts = Self { reasons: HashMap::new(), screen: HashMap::new(), messages: HashMap::new() };
        for language in Language::ALL {
            let bundle = bundle(language);
            for reason in Reason::ALL {
                let (text, remedy) = message(&bundle, reason_id(*reason));
                let remedy = remedy.expect("every reason has a remedy; a test walks them");
                texts.reasons.insert((language, *reason), ReasonText { text, remedy });
            }
            for line in ScreenLine::ALL {
                texts.screen.insert((language, line), message(&bundle, line.id()).0);
            }
            for kind in MessageKind::ALL.iter().filter(|kind| speaks_for_itself(**kind)) {
                texts.messages.insert((language, *kind), message(&bundle, kind.word()).0);
            }
        }
        texts
    }

    /// What is said about a reason.
    #[must_use]
    pub fn reason(&self, language: Language, reason: Reason) -> &ReasonText {
        &self.reasons[&(language, reason)]
    }

    /// A line of a door's screen.
    #[must_use]
    pub fn screen(&self, language: Language, line: ScreenLine) -> &str {
        &self.screen[&(language, line)]
    }

    /// What a message of this kind says when nobody wrote words of its own; none for kinds that need some.
    #[must_use]
    pub fn message(&self, language: Language, kind: MessageKind) -> Option<&str> {
        self.messages.get(&(language, kind)).map(String::as_str)
    }
}

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let tag: LanguageIdentifier = language.tag().parse().expect("the tags are well-formed");
    let mut bundle = FluentBundle::new(vec![tag]);
    for source in language.sources() {
        let resource = FluentResource::try_new(source.to_owned()).expect("the texts are well-formed Fluent");
        bundle.add_resource(resource).expect("no text is written twice");
    }
    bundle
}

/// The value of a message and its attribute `remedy`.
fn message(bundle: &FluentBundle<FluentResource>, id: &str) -> (String, Option<String>) {
    let message = bundle.get_message(id).unwrap_or_else(|| panic!("the text {id} is missing"));
    let format = |pattern| {
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
        assert!(errors.is_empty(), "the text {id} asks for a value");
        text
    };
    let remedy = message.get_attribute("remedy").map(|attribute| format(attribute.value()));
    (format(message.value().expect("every text has a value; a test walks them")), remedy)
}

const fn reason_id(reason: Reason) -> &'static str {
    match reason {
        Reason::CredentialsNotAccepted => "credentials-not-accepted",
        Reason::SessionEnded => "session-ended",
        Reason::PatronAlone => "patron-alone",
        Reason::NotInCare => "not-in-care",
        Reason::ResourceUnknown => "resource-unknown",
        Reason::SelfServiceRightMissing => "self-service-right-missing",
        Reason::SelfServiceBan => "self-service-ban",
        Reason::CategoryNotAdmitted => "category-not-admitted",
        Reason::BelowAgeLimit => "below-age-limit",
        Reason::GuardianConsentMissing => "guardian-consent-missing",
        Reason::BirthDateUnknown => "birth-date-unknown",
        Reason::CardExpired => "card-expired",
        Reason::CardNotInForce => "card-not-in-force",
        Reason::LendingBan => "lending-ban",
        Reason::DebtLimit => "debt-limit",
        Reason::YearTurnDebt => "year-turn-debt",
        Reason::OverdueItems => "overdue-items",
        Reason::WardBlocked => "ward-blocked",
        Reason::UseBan => "use-ban",
        Reason::Closed => "closed",
        Reason::ServiceSwitchedOff => "service-switched-off",
        Reason::LoanLimit => "loan-limit",
        Reason::MaterialLimit => "material-limit",
        Reason::ItemUnknown => "item-unknown",
        Reason::ItemNotForLoan => "item-not-for-loan",
        Reason::ItemOnLoan => "item-on-loan",
        Reason::ItemAlreadyYours => "item-already-yours",
        Reason::ItemHeld => "item-held",
        Reason::AgeRating => "age-rating",
        Reason::LoanUnknown => "loan-unknown",
        Reason::LoanNotRenewable => "loan-not-renewable",
        Reason::RenewalLimit => "renewal-limit",
        Reason::ItemWaitedFor => "item-waited-for",
        Reason::RenewalTooEarly => "renewal-too-early",
        Reason::UndoTooLate => "undo-too-late",
        Reason::HistoryNotKept => "history-not-kept",
        Reason::HoldUnknown => "hold-unknown",
        Reason::HoldNotReady => "hold-not-ready",
        Reason::HoldAtOtherBranch => "hold-at-other-branch",
        Reason::HoldOtherCard => "hold-other-card",
        Reason::HoldInOtherLocker => "hold-in-other-locker",
        Reason::HoldReserved => "hold-reserved",
        Reason::ReservationEnded => "reservation-ended",
        Reason::TitleUnknown => "title-unknown",
        Reason::HoldNotAllowed => "hold-not-allowed",
        Reason::HoldLimit => "hold-limit",
        Reason::HoldAlreadyYours => "hold-already-yours",
        Reason::PickupPlaceUnknown => "pickup-place-unknown",
        Reason::HoldNotChangeable => "hold-not-changeable",
        Reason::FeeUnknown => "fee-unknown",
        Reason::FeeNotPayable => "fee-not-payable",
        Reason::PaymentTooSmall => "payment-too-small",
        Reason::PaymentNotWhole => "payment-not-whole",
        Reason::PaymentTooMuch => "payment-too-much",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn check(text: &str, what: &str) {
        assert!(!text.trim().is_empty(), "{what}");
        assert!(text.chars().count() <= TEXT_CHARS_MAX, "{what}: {text}");
        assert!(!text.contains(['{', '}', '$', '\n', '\u{2068}', '\u{2069}']), "{what}: {text}");
        assert!(text.ends_with(['.', '!', '?']), "{what} is no sentence: {text}");
    }

    #[test]
    fn every_reason_has_text_and_remedy_in_every_language() {
        let texts = Texts::new();
        for language in Language::ALL {
            let mut seen = HashSet::new();
            for reason in Reason::ALL {
                let ReasonText { text, remedy } = texts.reason(language, *reason);
                check(text, &format!("{language:?} {reason:?}"));
                check(remedy, &format!("{language:?} {reason:?} remedy"));
                assert!(seen.insert(text), "{language:?} {reason:?} says the same as another: {text}");
            }
        }
    }

    #[test]
    fn no_text_is_left_in_another_language() {
        let texts = Texts::new();
        for reason in Reason::ALL {
            let all: HashSet<_> =
                Language::ALL.iter().map(|language| &texts.reason(*language, *reason).text).collect();
            assert_eq!(all.len(), Language::ALL.len(), "{reason:?}");
        }
    }

    #[test]
    fn every_screen_line_is_there_and_short() {
        let texts = Texts::new();
        for language in Language::ALL {
            for line in ScreenLine::ALL {
                check(texts.screen(language, line), &format!("{language:?} {line:?}"));
                assert!(texts.screen(language, line).chars().count() <= 80, "{language:?} {line:?}");
            }
        }
    }

    #[test]
    fn every_message_that_speaks_for_itself_does_so_in_every_language() {
        let texts = Texts::new();
        for kind in MessageKind::ALL {
            let mut seen = HashSet::new();
            for language in Language::ALL {
                let text = texts.message(language, *kind);
                assert_eq!(text.is_some(), speaks_for_itself(*kind), "{language:?} {kind:?}");
                if let Some(text) = text {
                    check(text, &format!("{language:?} {kind:?}"));
                    assert!(seen.insert(text), "{kind:?} says the same in two languages: {text}");
                }
            }
        }
    }

    #[test]
    fn a_door_tells_bystanders_nothing_of_bans_and_debts() {
        assert_eq!(ScreenLine::for_reasons(&[]), ScreenLine::Granted);
        assert_eq!(ScreenLine::for_reasons(&[Reason::Closed]), ScreenLine::Closed);
        for reasons in [&[Reason::DebtLimit][..], &[Reason::UseBan], &[Reason::UseBan, Reason::Closed]] {
            assert_eq!(ScreenLine::for_reasons(reasons), ScreenLine::Refused);
        }
    }

    #[test]
    fn unknown_languages_are_answered_in_finnish() {
        for (tag, language) in [
            ("fi", Language::Finnish),
            ("sv-FI", Language::Swedish),
            ("SV", Language::Swedish),
            ("en_GB", Language::English),
            ("se", Language::Finnish),
            ("smn", Language::Finnish),
            ("eng", Language::Finnish),
            ("", Language::Finnish),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag:?}");
        }
    }
}
