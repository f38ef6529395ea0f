//! The forms that a value can have: a number in a range, a limit, yes or no.

use std::ops::RangeInclusive;

/// What stands in a policy row for "no limit".
const NO_LIMIT: &str = "none";

/// A value that a policy row can hold.
pub(super) trait PolicyValue: Copy {
    /// What a key says about its values beyond their type.
    type Bounds;

    /// The value, or none where the text is no such value or lies outside the bounds.
    fn parse(text: &str, bounds: &Self::Bounds) -> Option<Self>;

    /// What would be right, for a person to read.
    fn allowed(bounds: &Self::Bounds) -> String;

    /// The value as [`PolicyValue::parse`] reads it.
    fn text(self) -> String;
}

impl PolicyValue for bool {
    type Bounds = ();

    fn parse(text: &str, (): &()) -> Option<Self> {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn allowed((): &()) -> String {
        "true | false".to_owned()
    }

    fn text(self) -> String {
        self.to_string()
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl PolicyValue for $number {
            type Bounds = RangeInclusive<Self>;

            fn parse(text: &str, bounds: &Self::Bounds) -> Option<Self> {
                // Digits only: `+7` and `-0` are numbers to the standard library.
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|number| digits && bounds.contains(number))
            }

            fn allowed(bounds: &Self::Bounds) -> String {
                format!("{} to {}", bounds.start(), bounds.end())
            }

            fn text(self) -> String {
                self.to_string()
            }
        }

        impl PolicyValue for Option<$number> {
            type Bounds = RangeInclusive<$number>;

            fn parse(text: &str, bounds: &Self::Bounds) -> Option<Self> {
                if text == NO_LIMIT { Some(None) } else { <$number>::parse(text, bounds).map(Some) }
            }

            fn allowed(bounds: &Self::Bounds) -> String {
                format!("{} | {NO_LIMIT}", <$number>::allowed(bounds))
            }

            fn text(self) -> String {
                self.map_or_else(|| NO_LIMIT.to_owned(), PolicyValue::text)
            }
        }
    )+};
}

numbers!(u8, u16, u32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_within_their_range() {
        let table = [
            ("0", None),
            ("1", Some(1)),
            ("007", Some(7)),
            ("365", Some(365)),
            ("366", None),
            ("70000", None),
            ("+7", None),
            ("-7", None),
            ("7.0", None),
            ("7 d", None),
            ("", None),
            ("none", None),
            ("٧", None),
        ];
        for (text, expected) in table {
            assert_eq!(u16::parse(text, &(1..=365)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_limit_may_be_absent_but_not_empty() {
        for (text, expected) in [("none", Some(None)), ("5", Some(Some(5))), ("None", None), ("", None)] {
            assert_eq!(Option::<u32>::parse(text, &(0..=9)), expected, "{text:?}");
        }
    }

    #[test]
    fn yes_and_no_have_one_spelling_each() {
        for (text, expected) in
            [("true", Some(true)), ("false", Some(false)), ("True", None), ("1", None), ("", None)]
        {
            assert_eq!(bool::parse(text, &()), expected, "{text:?}");
        }
    }
}
