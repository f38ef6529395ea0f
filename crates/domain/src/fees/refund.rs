//! From which fees a payment is paid back.

use super::payment::Share;

/// What is paid back of each fee, the last one first; none where it is more than the payment still covers.
///
/// `paid` is what the payment has paid of its fees, in the order in which it did, less what has been paid back of them.
#[must_use]
pub fn shares(paid: &[Share], cents: i64) -> Option<Vec<Share>> {
    let mut left = cents;
    let mut back = Vec::new();
    for share in paid.iter().rev() {
        let cents = share.cents.min(left);
        if cents > 0 {
            back.push(Share { fee: share.fee, cents });
            left -= cents;
        }
    }
    (left == 0).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn share((number, cents): (u128, i64)) -> Share {
        Share { fee: Uuid::from_u128(number), cents }
    }

    #[test]
    fn the_last_fee_is_paid_back_first() {
        let paid = [share((1, 600)), share((2, 0)), share((3, 150))];
        let table = [
            (100, Some(vec![share((3, 100))])),
            (150, Some(vec![share((3, 150))])),
            (700, Some(vec![share((3, 150)), share((1, 550))])),
            (750, Some(vec![share((3, 150)), share((1, 600))])),
            (751, None),
        ];
        for (cents, expected) in table {
            assert_eq!(shares(&paid, cents), expected, "{cents}");
        }
        assert_eq!(shares(&[], 1), None);
    }

    proptest! {
        #[test]
        fn no_fee_gives_back_more_than_it_got(paid in vec(0_i64..500, 0..6), cents in 1_i64..3_000) {
            let paid: Vec<Share> = (1..).zip(paid).map(share).collect();
            let sum: i64 = paid.iter().map(|share| share.cents).sum();
            let back = shares(&paid, cents);
            prop_assert_eq!(back.is_some(), cents <= sum);
            let back = back.unwrap_or_default();
            for share in &back {
                let got = paid.iter().find(|paid| paid.fee == share.fee).unwrap();
                prop_assert!(0 < share.cents && share.cents <= got.cents);
            }
            prop_assert!(back.is_empty() || back.iter().map(|share| share.cents).sum::<i64>() == cents);
        }
    }
}
