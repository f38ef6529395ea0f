//! Amounts in requests: whole cents of the one currency.

use super::reply::CURRENCY;
use crate::status::Fault;
use kortisto::common::v1::Money;

/// Cents of one payment at most.
pub(super) const PAYMENT_CENTS_MAX: i64 = 10_000_000;

/// The cents of an amount that somebody asks for, 1 to `cents_max`.
pub(super) fn cents(field: &'static str, given: Option<&Money>, cents_max: i64) -> Result<i64, Fault> {
    let good =
        given.filter(|money| money.currency_code == CURRENCY && (1..=cents_max).contains(&money.minor_units));
    let money = good.ok_or_else(|| Fault::field(field, format!("1 to {cents_max} cents of {CURRENCY}")))?;
    Ok(money.minor_units)
}

/// The same, where an unset amount means none.
pub(super) fn optional_cents(
    field: &'static str,
    given: Option<&Money>,
    cents_max: i64,
) -> Result<Option<i64>, Fault> {
    given.map(|money| cents(field, Some(money), cents_max)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::reply::amount as money;

    #[test]
    fn an_amount_is_bounded_and_of_the_one_currency() {
        assert_eq!(cents("amount", Some(&money(1)), 5), Ok(1));
        assert_eq!(cents("amount", Some(&money(5)), 5), Ok(5));
        assert_eq!(optional_cents("amount", None, 5), Ok(None));
        assert!(optional_cents("amount", Some(&money(6)), 5).is_err());
        let foreign = Money { minor_units: 1, currency_code: "SEK".to_owned() };
        for bad in [None, Some(&money(0)), Some(&money(-1)), Some(&money(6)), Some(&foreign)] {
            assert!(cents("amount", bad, 5).is_err(), "{bad:?}");
        }
    }
}
