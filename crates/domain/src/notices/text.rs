//! How long the texts of notices may be, and in which language they are.

use crate::NoticeChannel;

/// Longest subject, in characters: as a template and as it is sent. A line of an e-mail's head may have 998.
pub const SUBJECT_CHARS_MAX: usize = 150;

/// Longest template of a text, in characters.
pub const TEMPLATE_CHARS_MAX: usize = 4_000;

/// Longest text of an e-mail or a letter, in characters: every line of the longest notice with the longest label.
pub const BODY_CHARS_MAX: usize = 100_000;

/// Longest text message, in characters: three parts of 153 of the GSM alphabet.
pub const SMS_CHARS_MAX: usize = 459;

/// Loans of one notice at most; a patron with more gets several.
pub const LINES_MAX: usize = 200;

/// What stands in place of what was cut off. These three are in the GSM alphabet; the one character that looks like them is
/// not, and would make a text message cost twice its parts.
const CUT_OFF: &str = "...";

/// The text in at most so many characters, which are more than three; what is longer is cut off and ends with three dots.
#[must_use]
pub fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(CUT_OFF.len())).collect();
    format!("{}{CUT_OFF}", kept.trim_end())
}

/// Longest text by this channel, in characters.
#[must_use]
pub const fn chars_max(channel: NoticeChannel) -> usize {
    match channel {
        NoticeChannel::None => 0,
        NoticeChannel::Letter | NoticeChannel::Email => BODY_CHARS_MAX,
        NoticeChannel::Sms => SMS_CHARS_MAX,
    }
}

/// The language of a patron's texts: the one in which the patron is served, where the consortium has texts in it, else
/// the consortium's first. `offered` is in the consortium's order.
#[must_use]
pub fn language<'a>(of_patron: &str, offered: &'a [String]) -> &'a str {
    let served = offered.iter().find(|language| *language == of_patron);
    served.or_else(|| offered.first()).map_or("fi", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_patrons_else_the_first() {
        let offered = ["sv", "fi"].map(str::to_owned);
        for (of_patron, expected) in [("fi", "fi"), ("sv", "sv"), ("en", "sv"), ("smn", "sv"), ("", "sv")] {
            assert_eq!(language(of_patron, &offered), expected, "{of_patron}");
        }
        assert_eq!(language("en", &[]), "fi");
    }

    #[test]
    fn what_is_too_long_is_cut_off() {
        for (text, most, expected) in [
            ("Teos", 4, "Teos"),
            ("", 4, ""),
            ("Seitsemän veljestä", 12, "Seitsemän..."),
            ("Seitsemän veljestä", 13, "Seitsemän..."),
            ("Seitsemän veljestä", 14, "Seitsemän v..."),
            ("äääääääää", 5, "ää..."),
        ] {
            assert_eq!(shortened(text, most), expected);
        }
    }

    #[test]
    fn a_text_message_is_short() {
        assert_eq!(chars_max(NoticeChannel::Sms), 3 * 153);
        assert!(chars_max(NoticeChannel::Email) > TEMPLATE_CHARS_MAX);
        assert_eq!(chars_max(NoticeChannel::None), 0);
    }
}
