//! Names that the register gives a patron by chance: the number, the support id and the hold alias (A25).
//!
//! None of them is secret, and none opens anything: a card number does, with its PIN. They are drawn at random so
//! that they tell nothing of the person, of each other, or of how many patrons there are.

/// Letters that are not taken for a digit and make no words: consonants.
const LETTERS: &[u8; 18] = b"BCDFGHJKMNPRSTVWXZ";

/// Digits.
const DIGITS: &[u8; 10] = b"0123456789";

/// How a name looks: `L` stands for a letter, `9` for a digit, everything else for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AliasForm(&'static str);

/// The stable number of a patron, for example `P4827160593`. 10 000 000 000 of them.
pub const PATRON_NUMBER: AliasForm = AliasForm("P9999999999");

/// What a patron may tell help staff on the phone, for example `KDR-482-715`. 5 832 000 000 of them.
pub const SUPPORT_ID: AliasForm = AliasForm("LLL-999-999");

/// What stands on the hold shelf in place of a name, for example `RTKD 4827`. 1 049 760 000 of them.
pub const HOLD_ALIAS: AliasForm = AliasForm("LLLL 9999");

/// Random bytes that any form needs at most: two for each of its characters.
pub const RANDOM_BYTES: usize = 32;

impl AliasForm {
    /// The alias that these random bytes give, two of them for each character. The shortfall of chance against a
    /// fair draw is under a tenth of a percent, which is nothing for what is no secret.
    #[must_use]
    pub fn draw(self, random: &[u8; RANDOM_BYTES]) -> String {
        let pairs = random.chunks_exact(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
        let pick = |set: &[u8], number: usize| char::from(set[number % set.len()]);
        let drawn = self.0.chars().zip(pairs).map(|(form, number)| match form {
            'L' => pick(LETTERS, number),
            '9' => pick(DIGITS, number),
            other => other,
        });
        drawn.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_alias_has_its_form(random: [u8; RANDOM_BYTES]) {
            for form in [PATRON_NUMBER, SUPPORT_ID, HOLD_ALIAS] {
                let alias = form.draw(&random);
                prop_assert_eq!(alias.len(), form.0.len());
                for (letter, form) in alias.chars().zip(form.0.chars()) {
                    let fits = match form {
                        'L' => letter.is_ascii_uppercase() && !"AEIOUYLQ".contains(letter),
                        '9' => letter.is_ascii_digit(),
                        other => letter == other,
                    };
                    prop_assert!(fits, "{} in {}", letter, alias);
                }
            }
        }
    }

    #[test]
    fn every_letter_and_digit_comes_up() {
        let mut seen = std::collections::BTreeSet::new();
        for first in 0..=255 {
            let mut random = [0; RANDOM_BYTES];
            random[1] = first;
            seen.insert(HOLD_ALIAS.draw(&random).remove(0));
        }
        assert_eq!(seen.len(), LETTERS.len());
    }

    #[test]
    fn the_bytes_are_enough_for_every_form() {
        for form in [PATRON_NUMBER, SUPPORT_ID, HOLD_ALIAS] {
            assert!(2 * form.0.len() <= RANDOM_BYTES);
        }
    }
}
