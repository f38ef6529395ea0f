//! The business id of an organisation (Y-tunnus; Act 244/2001).

/// Weights of the seven digits before the hyphen.
const WEIGHTS: [u32; 7] = [7, 9, 10, 5, 8, 4, 2];

/// Whether this is a business id: seven digits, a hyphen and the check digit that belongs to them.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let Some((digits, check)) = text.split_once('-') else { return false };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() != WEIGHTS.len() || check.len() != 1 || !all_digits(digits) || !all_digits(check) {
        return false;
    }
    let value = |byte: u8| u32::from(byte - b'0');
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
    let expected = match sum % 11 {
        0 => Some(0),
        // Numbers with this remainder are not given out.
        1 => None,
        rest => Some(11 - rest),
    };
    expected == check.bytes().next().map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_belongs_to_the_number() {
        for good in ["0129261-5", "0000000-0", "0116297-6"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "0129261", "0129261-", "0129261-4", "01292615", "129261-5", "0129261-55", "o129261-5"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn every_number_has_one_check_digit_or_none() {
        for number in (0..10_000_000).step_by(4_999) {
            let fitting = (0..10).filter(|check| is_valid(&format!("{number:07}-{check}"))).count();
            assert!(fitting <= 1, "{number}");
        }
    }
}
