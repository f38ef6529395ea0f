//! The texts that every library begins with, one for each kind and channel in Finnish, Swedish and English.
//!
//! An e-mail and a letter say the same; a text message is short.

use super::{
    template::{Rendered, Template},
    wording::Wording,
};
use kortisto_domain::{NoticeChannel, NoticeKind};
use serde::Deserialize;
use std::{collections::HashMap, sync::LazyLock};

/// Languages that have texts built in.
pub(crate) const BUILT_IN: [(&str, &str); 3] = [
    ("fi", include_str!("texts/fi.toml")),
    ("sv", include_str!("texts/sv.toml")),
    ("en", include_str!("texts/en.toml")),
];

/// One kind of notice in one language. Invoices have no text message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    subject: String,
    body: String,
    sms: Option<String>,
}

static TEXTS: LazyLock<HashMap<&str, HashMap<String, Text>>> = LazyLock::new(|| {
    let read = |text| toml::from_str(text).expect("a test reads every text");
    BUILT_IN.into_iter().map(|(language, text)| (language, read(text))).collect()
});

/// The template built in; none for a language without, and for text messages that invoices never are.
pub(crate) fn built_in(kind: NoticeKind, channel: NoticeChannel, language: &str) -> Option<Template> {
    let text = TEXTS.get(language)?.get(kind.word())?;
    match channel {
        NoticeChannel::None => None,
        NoticeChannel::Letter | NoticeChannel::Email => {
            Some(Template { subject: text.subject.clone(), body: text.body.clone() })
        }
        NoticeChannel::Sms => Some(Template { subject: String::new(), body: text.sms.clone()? }),
    }
}

/// The text built in, in its words. Where the values make it too long for the channel, they are put in short, and then it
/// fits.
pub(crate) fn in_words(
    kind: NoticeKind,
    channel: NoticeChannel,
    language: &str,
    values: &Wording,
) -> Option<Rendered> {
    let template = built_in(kind, channel, language)?;
    let whole = template.render(channel, values);
    whole.or_else(|_| template.render(channel, &values.in_short())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::wording::About;
    use kortisto_domain::notices::text::{LINES_MAX, SUBJECT_CHARS_MAX, chars_max};

    #[test]
    fn every_kind_has_a_text_that_can_be_sent_in_each_language() {
        let mut tried = 0;
        for (language, _) in BUILT_IN {
            for kind in NoticeKind::ALL {
                for channel in [NoticeChannel::Letter, NoticeChannel::Email, NoticeChannel::Sms] {
                    let template = built_in(*kind, channel, language);
                    if (*kind, channel) == (NoticeKind::Invoice, NoticeChannel::Sms) {
                        assert_eq!(template, None);
                        continue;
                    }
                    let template = template.unwrap();
                    for step in [1, 2, 3] {
                        let samples = Wording::samples(*kind, step, "Kirkes-kirjastot", language);
                        let longest = Wording::longest(*kind, step, "Kirkes-kirjastot", language);
                        assert_eq!(
                            template.check(channel, &samples, &longest),
                            Ok(()),
                            "{language} {kind:?}"
                        );
                        tried += 1;
                    }
                }
            }
        }
        assert_eq!(tried, 3 * 11 * 3);
        assert_eq!(built_in(NoticeKind::Pickup, NoticeChannel::None, "fi"), None);
        assert_eq!(built_in(NoticeKind::Pickup, NoticeChannel::Email, "smn"), None);
    }

    #[test]
    fn a_text_built_in_fits_whatever_its_values_are() {
        let long = |chars| "x".repeat(chars);
        let mut tried = 0;
        for (language, _) in BUILT_IN {
            for kind in NoticeKind::ALL {
                for mut values in Wording::longest(*kind, 2, &long(1_000), language) {
                    match &mut values.about {
                        About::Due { lines, .. } | About::Overdue { lines, .. } => {
                            assert_eq!(lines.len(), LINES_MAX);
                            lines.iter_mut().for_each(|line| line.title = long(1_000));
                        }
                        About::Pickup { title, branch, place, alias, .. } => {
                            (*title, *branch) = (long(100_000), long(1_000));
                            (*place, *alias) = (long(1_000), long(1_000));
                        }
                        About::Invoice { title, .. } => *title = long(100_000),
                    }
                    for channel in [NoticeChannel::Letter, NoticeChannel::Email, NoticeChannel::Sms] {
                        if (*kind, channel) == (NoticeKind::Invoice, NoticeChannel::Sms) {
                            continue;
                        }
                        let words = in_words(*kind, channel, language, &values).unwrap();
                        assert!(words.body.chars().count() <= chars_max(channel), "{language} {kind:?}");
                        assert!(words.subject.chars().count() <= SUBJECT_CHARS_MAX);
                        if *kind == NoticeKind::Pickup {
                            assert!(words.body.contains("A123"), "the number is never cut off");
                        }
                        tried += 1;
                    }
                }
            }
        }
        assert_eq!(tried, 3 * 11 * 2);
    }

    #[test]
    fn a_text_message_fits_one_part_or_two_without_its_titles() {
        for (language, _) in BUILT_IN {
            for kind in [NoticeKind::DueReminder, NoticeKind::Overdue, NoticeKind::Pickup] {
                for sample in Wording::samples(kind, 2, "Kirkes-kirjastot", language) {
                    let template = built_in(kind, NoticeChannel::Sms, language).unwrap();
                    let text = template.render(NoticeChannel::Sms, &sample).unwrap().body;
                    assert!(text.chars().count() <= 306, "{language} {kind:?}: {text}");
                }
            }
        }
    }
}
