//! Codes of languages: ISO 639-2 as MARC has them, ISO 639-1 as the register keeps them.

/// The bibliographic codes of ISO 639-2 that libraries here meet, with their two letters.
const SHORT: [(&str, &str); 58] = [
    ("afr", "af"),
    ("alb", "sq"),
    ("amh", "am"),
    ("ara", "ar"),
    ("baq", "eu"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bos", "bs"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dan", "da"),
    ("dut", "nl"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fao", "fo"),
    ("fin", "fi"),
    ("fre", "fr"),
    ("geo", "ka"),
    ("ger", "de"),
    ("gle", "ga"),
    ("glg", "gl"),
    ("gre", "el"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ice", "is"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kaz", "kk"),
    ("kor", "ko"),
    ("kur", "ku"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mac", "mk"),
    ("mlt", "mt"),
    ("nno", "nn"),
    ("nob", "nb"),
    ("nor", "no"),
    ("per", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("rum", "ro"),
    ("rus", "ru"),
    ("slo", "sk"),
    ("slv", "sl"),
    ("sme", "se"),
    ("som", "so"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("vie", "vi"),
];

/// The two letters of a language, or its code as it was.
pub(super) fn short(code: &str) -> &str {
    SHORT.binary_search_by_key(&code, |(long, _)| long).map_or(code, |index| SHORT[index].1)
}

/// The language of a field: its first code, when it has the form of one.
pub(super) fn of_field(field: &str) -> Option<&str> {
    let code = field.split('|').next()?.trim();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase())).then(|| short(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_code_is_found() {
        assert!(SHORT.is_sorted_by_key(|(long, _)| long));
        for (long, two) in SHORT {
            assert_eq!(short(long), two);
            assert_eq!((long.len(), two.len()), (3, 2));
        }
    }

    #[test]
    fn what_has_no_two_letters_keeps_its_three() {
        for (field, expected) in [
            ("fin", Some("fi")),
            ("smn", Some("smn")),
            ("und", Some("und")),
            ("fin|swe", Some("fi")),
            ("|||", None),
            ("   ", None),
            ("", None),
            ("FIN", None),
        ] {
            assert_eq!(of_field(field), expected, "{field:?}");
        }
    }
}
