//! The PINs people choose first, as rules: repeats, runs, mirrors, years, dates, keypad columns.
//!
//! Twenty PINs make up about a quarter of what people choose; published counts put years and dates next. The
//! rules leave out roughly a tenth of the four-digit PINs, the size at which a blocklist starts to help against
//! a throttled guesser (Markert and others, IEEE S&P 2020).

/// The years taken for a birth year or an anniversary.
const YEARS: std::ops::RangeInclusive<u16> = 1900..=2039;

/// Straight lines and corners of a keypad that no other rule covers.
const KEYPAD: [&[u8]; 8] = [b"2580", b"0852", b"1470", b"0741", b"3690", b"0963", b"1397", b"1793"];

/// Whether `digits` (ASCII) is a common PIN.
pub(crate) fn is_common(digits: &[u8]) -> bool {
    is_run(digits)
        || is_repeated_block(digits)
        || is_pairs(digits)
        || is_mirror(digits)
        || is_date(digits)
        || KEYPAD.contains(&digits)
}

/// Steps of 0, 1 or 2 in one direction, 9 and 0 being neighbours: 1111, 1234, 8901, 9876, 2468.
fn is_run(digits: &[u8]) -> bool {
    [0, 1, 2, 8, 9]
        .into_iter()
        .any(|step| digits.windows(2).all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0'))
}

/// One block again and again: 1212, 123123.
fn is_repeated_block(digits: &[u8]) -> bool {
    (1..=digits.len() / 2).any(|block| {
        digits.len().is_multiple_of(block)
            && digits.iter().enumerate().all(|(place, digit)| *digit == digits[place % block])
    })
}

/// Each digit twice: 1122, 334455.
fn is_pairs(digits: &[u8]) -> bool {
    digits.len().is_multiple_of(2) && digits.chunks(2).all(|pair| pair[0] == pair[1])
}

/// The same read backwards: 1221, 12321.
fn is_mirror(digits: &[u8]) -> bool {
    digits.iter().eq(digits.iter().rev())
}

/// A year, or a day and month in either order, alone or with a year.
fn is_date(digits: &[u8]) -> bool {
    match digits.len() {
        4 => is_year(digits) || is_day_and_month(digits),
        6 => is_day_and_month(&digits[..4]) || is_day_and_month(&digits[2..]),
        8 => {
            (is_day_and_month(&digits[..4]) && is_year(&digits[4..]))
                || (is_year(&digits[..4]) && is_day_and_month(&digits[4..]))
        }
        _ => false,
    }
}

fn is_year(digits: &[u8]) -> bool {
    YEARS.contains(&number(digits))
}

fn is_day_and_month(digits: &[u8]) -> bool {
    let (first, second) = (number(&digits[..2]), number(&digits[2..]));
    let valid = |day: u16, month: u16| (1..=31).contains(&day) && (1..=12).contains(&month);
    valid(first, second) || valid(second, first)
}

fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_most_chosen_are_all_common() {
        for pin in [
            "1234", "1111", "0000", "1212", "7777", "1004", "2000", "4444", "2222", "6969", "9999", "3333",
            "5555", "6666", "1122", "1313", "8888", "4321", "2001", "1010",
        ] {
            assert!(is_common(pin.as_bytes()), "{pin}");
        }
    }

    #[test]
    fn each_rule_catches_its_own() {
        for pin in [
            "8901",
            "9876",
            "2468",
            "1357",
            "8642",
            "123123",
            "334455",
            "1221",
            "12321",
            "1987",
            "2024",
            "2412",
            "1224",
            "2580",
            "311299",
            "991231",
            "24121987",
            "19871224",
            "123456",
            "123456789012",
        ] {
            assert!(is_common(pin.as_bytes()), "{pin}");
        }
        for pin in ["4827", "9163", "7395", "6048", "48271", "739518", "40719352", "1899", "2040", "3213"] {
            assert!(!is_common(pin.as_bytes()), "{pin}");
        }
    }

    #[test]
    fn about_a_tenth_of_the_four_digit_pins_is_left_out() {
        let common = (0..10_000).filter(|pin| is_common(format!("{pin:04}").as_bytes())).count();
        assert!((700..1_200).contains(&common), "{common}");
    }
}
