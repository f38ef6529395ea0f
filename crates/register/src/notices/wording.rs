//! The values that go into a text: what each kind of notice may say, and how days and money are written.
//!
//! No name of a person is among them (A60): a notice is read over shoulders and at hold shelves.

use chrono::{Datelike as _, NaiveDate};
use kortisto_domain::{
    FeeKind, NoticeKind,
    items::LABEL_CHARS_MAX,
    notices::text::{LINES_MAX, shortened},
};
use serde::Serialize;

/// Longest name or title of a text whose values are put in short, in characters.
const SHORT_CHARS_MAX: usize = 60;

/// Lines of such a text at most.
const SHORT_LINES_MAX: usize = 20;

/// The values of one text.
#[derive(Clone, Serialize)]
pub(crate) struct Wording {
    /// The name of the library.
    pub(crate) library: String,
    /// Whether it is about somebody else than the one who reads it: a ward.
    pub(crate) for_ward: bool,
    /// What else there is, by its kind.
    #[serde(flatten)]
    pub(crate) about: About,
}

/// What a notice is about.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum About {
    /// Loans that fall due.
    Due {
        /// The first of the due dates.
        due: String,
        /// How many loans there are.
        count: usize,
        /// The loans, the first to fall due first.
        lines: Vec<LoanLine>,
    },
    /// Loans that are late.
    Overdue {
        /// Which reminder it is, 1 for the first.
        step: i16,
        /// The first of the due dates.
        due: String,
        /// What the reminder costs; empty where it costs nothing.
        fee: String,
        /// How many loans there are.
        count: usize,
        /// The loans, the latest first.
        lines: Vec<LoanLine>,
    },
    /// A hold that waits.
    Pickup {
        /// What waits.
        title: String,
        /// The number on the hold shelf.
        pickup_number: String,
        /// The patron's alias for hold shelves; empty where there is none.
        alias: String,
        /// The last day.
        pickup_until: String,
        /// The branch.
        branch: String,
        /// The bookmobile stop or the locker at it; empty where it is the branch itself.
        place: String,
    },
    /// A bill.
    Invoice {
        /// What was not returned.
        title: String,
        /// The number of the card of whoever pays, by which a desk finds the debt; empty without a card in force (A56).
        card: String,
        /// All of it.
        total: String,
        /// How many fees there are.
        count: usize,
        /// The fees.
        lines: Vec<FeeLine>,
    },
}

/// A loan of a notice.
#[derive(Clone, Serialize)]
pub(crate) struct LoanLine {
    /// What was borrowed.
    pub(crate) title: String,
    /// Until when.
    pub(crate) due: String,
    /// Where.
    pub(crate) branch: String,
}

/// A fee of an invoice.
#[derive(Clone, Serialize)]
pub(crate) struct FeeLine {
    /// What it is for.
    pub(crate) what: String,
    /// How much is open.
    pub(crate) amount: String,
}

impl Wording {
    /// The placeholders, in the order of the alphabet.
    pub(crate) fn names(&self) -> Vec<String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_object().map(|values| values.keys().cloned().collect()).unwrap_or_default()
    }

    /// Values to try a text with: of one thing and of several, about oneself and about a ward, with and without what
    /// may be empty. Nobody's data.
    pub(crate) fn samples(kind: NoticeKind, step: i16, library: &str, language: &str) -> Vec<Self> {
        let sample = |for_ward, size| {
            let about = sampled(kind, step, size, language);
            Self { library: library.to_owned(), for_ward, about }
        };
        [(false, Size::Several), (false, Size::One), (true, Size::Several), (true, Size::One)]
            .map(|(for_ward, size)| sample(for_ward, size))
            .to_vec()
    }

    /// The longest values there may be, about oneself and about a ward: titles of [`LABEL_CHARS_MAX`] characters, and
    /// [`LINES_MAX`] of them where there are lines.
    pub(crate) fn longest(kind: NoticeKind, step: i16, library: &str, language: &str) -> Vec<Self> {
        let sample = |for_ward| {
            let about = sampled(kind, step, Size::Most, language);
            Self { library: library.to_owned(), for_ward, about }
        };
        [false, true].map(sample).to_vec()
    }

    /// The same in short: names and titles of at most [`SHORT_CHARS_MAX`] characters, and the first [`SHORT_LINES_MAX`]
    /// lines. Numbers, days and amounts stay, and so does the count of all lines.
    pub(crate) fn in_short(&self) -> Self {
        let mut short = self.clone();
        let cut = |text: &mut String| *text = shortened(text, SHORT_CHARS_MAX);
        cut(&mut short.library);
        match &mut short.about {
            About::Due { lines, .. } | About::Overdue { lines, .. } => {
                lines.truncate(SHORT_LINES_MAX);
                for line in lines {
                    cut(&mut line.title);
                    cut(&mut line.branch);
                }
            }
            About::Pickup { title, alias, branch, place, .. } => {
                [title, alias, branch, place].into_iter().for_each(cut);
            }
            About::Invoice { title, lines, .. } => {
                cut(title);
                lines.truncate(SHORT_LINES_MAX);
            }
        }
        short
    }
}

/// How much a sample has of what there may be several of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    /// One thing, and nothing that may be empty.
    One,
    /// Several.
    Several,
    /// As much and as long as there may be.
    Most,
}

impl Size {
    fn titles(self) -> Vec<String> {
        let titles = ["Seitsemän veljestä / Aleksis Kivi", "Mumindalen : musik", "Suomen historia 1"];
        match self {
            Self::One => titles[..1].iter().map(ToString::to_string).collect(),
            Self::Several => titles.iter().map(ToString::to_string).collect(),
            Self::Most => {
                vec!["Kansalliskirja ".repeat(LABEL_CHARS_MAX)[..LABEL_CHARS_MAX].to_owned(); LINES_MAX]
            }
        }
    }

    /// What may be empty.
    fn unless_one(self, text: &str) -> String {
        if self == Self::One { String::new() } else { text.to_owned() }
    }
}

fn sampled(kind: NoticeKind, step: i16, size: Size, language: &str) -> About {
    let day = |number| NaiveDate::from_ymd_opt(2026, 5, number).map(|day| date(day, language));
    let (due, titles) = (day(20).unwrap_or_default(), size.titles());
    let title = titles.first().cloned().unwrap_or_default();
    let loans = || -> Vec<LoanLine> {
        let loan = |title| LoanLine { title, due: due.clone(), branch: "Keskuskirjasto".to_owned() };
        titles.iter().cloned().map(loan).collect()
    };
    match kind {
        NoticeKind::DueReminder => {
            let lines = loans();
            About::Due { due: due.clone(), count: lines.len(), lines }
        }
        NoticeKind::Overdue => {
            let lines = loans();
            let fee = size.unless_one(&money(150, language));
            About::Overdue { step: step.max(1), due: due.clone(), fee, count: lines.len(), lines }
        }
        NoticeKind::Pickup => About::Pickup {
            title,
            pickup_number: "A123".to_owned(),
            alias: size.unless_one("XKCD"),
            pickup_until: day(28).unwrap_or_default(),
            branch: "Keskuskirjasto".to_owned(),
            place: size.unless_one("Koivuniemen koulu"),
        },
        NoticeKind::Invoice => {
            let kinds = match size {
                Size::One => &[FeeKind::Billing][..],
                Size::Several => &[FeeKind::Compensation, FeeKind::Billing],
                Size::Most => FeeKind::ALL,
            };
            let fee = |kind: &FeeKind| FeeLine {
                what: fee_name(*kind, language).to_owned(),
                amount: money(1250, language),
            };
            About::Invoice {
                title,
                card: size.unless_one("2550001234567"),
                total: money(1250, language),
                count: kinds.len(),
                lines: kinds.iter().map(fee).collect(),
            }
        }
    }
}

/// A day as it is written in the language: `20.5.2026` or `20 May 2026`.
pub(crate) fn date(day: NaiveDate, language: &str) -> String {
    match language {
        "en" => day.format("%-d %B %Y").to_string(),
        _ => format!("{}.{}.{}", day.day(), day.month(), day.year()),
    }
}

/// Money as it is written in the language: `12,50 €` or `€12.50`.
pub(crate) fn money(cents: i64, language: &str) -> String {
    let (euros, rest) = (cents / 100, cents % 100);
    match language {
        "en" => format!("€{euros}.{rest:02}"),
        _ => format!("{euros},{rest:02}\u{a0}€"),
    }
}

/// What a fee is for.
pub(crate) const fn fee_name(kind: FeeKind, language: &str) -> &'static str {
    let [fi, sv, en] = match kind {
        FeeKind::Overdue => ["Myöhästymismaksu", "Förseningsavgift", "Overdue fee"],
        FeeKind::Reminder => ["Muistutusmaksu", "Påminnelseavgift", "Reminder fee"],
        FeeKind::UncollectedHold => ["Noutamaton varaus", "Oavhämtad reservation", "Uncollected hold"],
        FeeKind::ReplacementCard => ["Uusi kirjastokortti", "Nytt bibliotekskort", "New library card"],
        FeeKind::Compensation => {
            ["Korvaus aineistosta", "Ersättning för material", "Replacement of the item"]
        }
        FeeKind::Billing => ["Laskutuslisä", "Faktureringsavgift", "Billing charge"],
        FeeKind::Other => ["Muu maksu", "Annan avgift", "Other fee"],
    };
    match language.as_bytes() {
        b"sv" => sv,
        b"en" => en,
        _ => fi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_money_are_written_as_the_language_does() {
        let day = NaiveDate::from_ymd_opt(2026, 5, 2).unwrap();
        for (language, written, cents, price) in [
            ("fi", "2.5.2026", 1250, "12,50\u{a0}€"),
            ("sv", "2.5.2026", 5, "0,05\u{a0}€"),
            ("en", "2 May 2026", 100, "€1.00"),
        ] {
            assert_eq!((date(day, language).as_str(), money(cents, language).as_str()), (written, price));
        }
    }

    #[test]
    fn every_fee_has_a_name_in_each_language() {
        for kind in FeeKind::ALL {
            let names = ["fi", "sv", "en"].map(|language| fee_name(*kind, language));
            assert!(names[0] != names[1] && names[1] != names[2], "{names:?}");
        }
    }

    #[test]
    fn values_in_short_keep_numbers_days_and_the_count() {
        let [values, _] = Wording::longest(NoticeKind::Overdue, 1, "Kirkes", "fi").try_into().ok().unwrap();
        let About::Overdue { count, lines, due, .. } = values.in_short().about else { panic!("not overdue") };
        assert_eq!((count, lines.len(), due.as_str()), (LINES_MAX, SHORT_LINES_MAX, "20.5.2026"));
        assert!(
            lines
                .iter()
                .all(|line| line.title.chars().count() <= SHORT_CHARS_MAX && line.title.ends_with("..."))
        );
        assert_eq!(lines[0].branch, "Keskuskirjasto");
    }

    #[test]
    fn samples_of_a_kind_have_the_same_placeholders() {
        for kind in NoticeKind::ALL {
            let mut samples = Wording::samples(*kind, 1, "Kirkes", "fi");
            samples.extend(Wording::longest(*kind, 1, "Kirkes", "fi"));
            let names: Vec<_> = samples.iter().map(Wording::names).collect();
            assert!(names.iter().all(|some| *some == names[0]) && names[0].len() > 4, "{kind:?} {names:?}");
            assert!(names[0].iter().all(|name| !name.contains("patron") && name != "name"));
        }
    }
}
