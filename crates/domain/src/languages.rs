//! Languages: in which one patrons are served, and which codes exist.

/// The languages in which a library must be able to serve (Language Act 423/2003, Sámi Language Act 1086/2003), and
/// English: ISO 639-1 where it has a code, else ISO 639-3 (A20).
pub const SERVICE_LANGUAGES: [&str; 6] = ["fi", "sv", "en", "se", "smn", "sms"];

/// Whether patrons can be served in this language.
#[must_use]
pub fn is_service_language(code: &str) -> bool {
    SERVICE_LANGUAGES.contains(&code)
}

/// Whether this has the form of a language code, ISO 639-1 or ISO 639-3: two or three small letters (A19). Which of
/// them exist changes every year, and a mother tongue is for statistics only.
#[must_use]
pub fn is_language(code: &str) -> bool {
    matches!(code.len(), 2 | 3) && code.bytes().all(|letter| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_two_or_three_small_letters() {
        for good in ["fi", "sv", "smn", "ru", "uk"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "f", "FI", "fi-FI", "suomi", "f1", "åä"] {
            assert!(!is_language(bad), "{bad}");
        }
        assert!(SERVICE_LANGUAGES.iter().all(|code| is_language(code) && is_service_language(code)));
        assert!(!is_service_language("ru"));
    }
}
