//! The passwords people choose first, as rules and a short list of stems.
//!
//! Long lists help little against a throttled guesser, who gets ten guesses; what heads such lists is one character
//! again and again, a run along the keyboard, or a well-known word with digits behind it.

/// Words that head the published lists of eight characters and more, their Finnish and Swedish kin, and what a
/// library is called. Lower case.
const STEMS: [&str; 24] = [
    "password",
    "passw0rd",
    "salasana",
    "lösenord",
    "losenord",
    "tunnussana",
    "kirjasto",
    "kirjastokortti",
    "bibliotek",
    "library",
    "iloveyou",
    "princess",
    "sunshine",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "welcome",
    "letmein",
    "administrator",
    "perkele",
    "suomi",
    "finland",
    "kortisto",
];

/// Rows of a keyboard and the orders of digits and letters.
const RUNS: [&str; 8] = [
    "1234567890123456789",
    "0987654321098765432",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopå",
    "asdfghjklöä",
    "zxcvbnm,.-",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujm",
];

/// Whether `text` is a common password. Case does not count.
pub(crate) fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    is_repeated_block(&lower) || RUNS.iter().any(|run| run.contains(lower.as_str())) || is_stem(&lower)
}

/// One block of up to four characters again and again: aaaaaaaa, 12121212, abcdabcd.
fn is_repeated_block(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=4).any(|block| chars.iter().enumerate().all(|(place, char)| *char == chars[place % block]))
}

/// A stem, alone or followed by digits and marks only: salasana, Kirjasto2024!
fn is_stem(text: &str) -> bool {
    STEMS
        .iter()
        .any(|stem| text.strip_prefix(stem).is_some_and(|rest| !rest.chars().any(char::is_alphabetic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_catches_its_own_and_leaves_the_rest() {
        for common in [
            "aaaaaaaa",
            "        ",
            "12121212",
            "abcdabcd",
            "abcabcabc",
            "12345678",
            "1234567890",
            "98765432",
            "qwertyuiop",
            "asdfghjklöä",
            "1q2w3e4r",
            "password",
            "PASSWORD",
            "Salasana1",
            "kirjasto2024!",
            "Suomi100!",
            "trustno1",
        ] {
            assert!(is_common(common), "{common}");
        }
        for fine in ["hauki on kala", "Xk7#pQ2m", "kirjastossa käyn", "suomen kesä", "123454321", "8r4nt1ng"]
        {
            assert!(!is_common(fine), "{fine}");
        }
    }
}
