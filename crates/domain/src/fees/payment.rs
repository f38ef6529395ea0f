//! Which fees a payment pays.

use crate::policy::{PartialPayment, PaymentPolicy};
use crate::{PaymentChannel, Reason};
use uuid::Uuid;

/// A fee that has not been paid whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFee {
    /// Its key.
    pub id: Uuid,
    /// What is open of it, in cents; more than 0.
    pub open_cents: i64,
    /// Whether it has been billed: then it is paid by its invoice or at a desk.
    pub billed: bool,
}

/// What a payment pays of one fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The fee.
    pub fee: Uuid,
    /// How much of it, in cents; more than 0.
    pub cents: i64,
}

/// A payment that has been made, or is about to be.
#[derive(Debug, Clone, Copy)]
pub struct Payment<'a> {
    /// The open fees of the patron and, for a guardian, of the wards, the oldest first.
    pub open: &'a [OpenFee],
    /// The fees that it is for; empty for the oldest first.
    pub chosen: &'a [Uuid],
    /// Its cents; more than 0.
    pub cents: i64,
    /// Where it is made.
    pub channel: PaymentChannel,
    /// What may be paid where.
    pub policy: &'a PaymentPolicy,
}

/// The fees that the payment pays, or why it may not be made.
///
/// Billed fees are paid at a desk only; elsewhere they are left out where none is chosen. Part of what is owed is paid as the
/// policy of the channel says.
///
/// # Errors
/// `FeeUnknown`, `FeeNotPayable`, `PaymentTooSmall`, `PaymentNotWhole` or `PaymentTooMuch`, the first that holds.
pub fn shares(payment: &Payment<'_>) -> Result<Vec<Share>, Reason> {
    let Payment { open, chosen, cents, channel, policy } = *payment;
    let payable = |fee: &&OpenFee| channel == PaymentChannel::Desk || !fee.billed;
    let all: Vec<&OpenFee> = open.iter().filter(payable).collect();
    let meant: Vec<&OpenFee> = if chosen.is_empty() {
        all.clone()
    } else {
        if chosen.iter().any(|id| !open.iter().any(|fee| fee.id == *id)) {
            return Err(Reason::FeeUnknown);
        }
        let meant: Vec<_> = all.iter().copied().filter(|fee| chosen.contains(&fee.id)).collect();
        if meant.len() < chosen.len() {
            return Err(Reason::FeeNotPayable);
        }
        meant
    };
    if meant.is_empty() {
        return Err(Reason::FeeNotPayable);
    }
    if channel == PaymentChannel::Online && cents < i64::from(policy.online_min_cents) {
        return Err(Reason::PaymentTooSmall);
    }
    let sum = |fees: &[&OpenFee]| fees.iter().map(|fee| fee.open_cents).sum::<i64>();
    if cents > sum(&meant) {
        return Err(Reason::PaymentTooMuch);
    }
    let partial = if channel == PaymentChannel::Online { policy.online_partial } else { policy.partial };
    let paid = oldest_first(&meant, cents);
    let whole = || paid.iter().zip(&meant).all(|(share, fee)| share.cents == fee.open_cents);
    match partial {
        PartialPayment::None if cents != sum(&all) => Err(Reason::PaymentNotWhole),
        PartialPayment::WholeFees if !whole() || (!chosen.is_empty() && paid.len() < meant.len()) => {
            Err(Reason::PaymentNotWhole)
        }
        _ => Ok(paid),
    }
}

fn oldest_first(fees: &[&OpenFee], cents: i64) -> Vec<Share> {
    let mut left = cents;
    let mut shares = Vec::new();
    for fee in fees {
        let share = fee.open_cents.min(left);
        if share > 0 {
            shares.push(Share { fee: fee.id, cents: share });
            left -= share;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use PaymentChannel::{Desk, Kiosk, Online};
    use proptest::collection::vec;
    use proptest::prelude::*;

    const fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    /// What is paid of which fee.
    type Paid = Result<Vec<(u128, i64)>, Reason>;

    const OPEN: [OpenFee; 3] = [
        OpenFee { id: id(1), open_cents: 600, billed: false },
        OpenFee { id: id(2), open_cents: 2_500, billed: true },
        OpenFee { id: id(3), open_cents: 150, billed: false },
    ];

    fn policy(online_partial: PartialPayment, partial: PartialPayment) -> PaymentPolicy {
        PaymentPolicy { online_min_cents: 65, online_partial, partial }
    }

    fn pay(chosen: &[Uuid], cents: i64, channel: PaymentChannel, policy: &PaymentPolicy) -> Paid {
        let shares = shares(&Payment { open: &OPEN, chosen, cents, channel, policy })?;
        Ok(shares.iter().map(|share| (share.fee.as_u128(), share.cents)).collect())
    }

    #[test]
    fn a_part_goes_to_the_oldest_first_where_any_part_may_be_paid() {
        let any = policy(PartialPayment::Any, PartialPayment::Any);
        let table: [(&[Uuid], i64, PaymentChannel, Paid); 9] = [
            (&[], 700, Kiosk, Ok(vec![(1, 600), (3, 100)])),
            (&[], 750, Kiosk, Ok(vec![(1, 600), (3, 150)])),
            (&[], 751, Kiosk, Err(Reason::PaymentTooMuch)),
            (&[], 700, Desk, Ok(vec![(1, 600), (2, 100)])),
            (&[id(3)], 150, Online, Ok(vec![(3, 150)])),
            (&[id(3)], 64, Online, Err(Reason::PaymentTooSmall)),
            (&[id(2)], 100, Online, Err(Reason::FeeNotPayable)),
            (&[id(2)], 100, Desk, Ok(vec![(2, 100)])),
            (&[id(9)], 100, Desk, Err(Reason::FeeUnknown)),
        ];
        for (chosen, cents, channel, expected) in table {
            assert_eq!(pay(chosen, cents, channel, &any), expected, "{chosen:?} {cents} {channel:?}");
        }
    }

    #[test]
    fn whole_fees_or_everything_where_the_policy_says_so() {
        let heili = policy(PartialPayment::None, PartialPayment::WholeFees);
        let table: [(&[Uuid], i64, PaymentChannel, Paid); 8] = [
            (&[], 750, Online, Ok(vec![(1, 600), (3, 150)])),
            (&[], 600, Online, Err(Reason::PaymentNotWhole)),
            (&[id(3)], 150, Online, Err(Reason::PaymentNotWhole)),
            (&[], 600, Kiosk, Ok(vec![(1, 600)])),
            (&[], 700, Kiosk, Err(Reason::PaymentNotWhole)),
            (&[id(3)], 150, Kiosk, Ok(vec![(3, 150)])),
            (&[id(3)], 100, Kiosk, Err(Reason::PaymentNotWhole)),
            (&[id(1), id(3)], 600, Kiosk, Err(Reason::PaymentNotWhole)),
        ];
        for (chosen, cents, channel, expected) in table {
            assert_eq!(pay(chosen, cents, channel, &heili), expected, "{chosen:?} {cents} {channel:?}");
        }
    }

    #[test]
    fn without_fees_nothing_is_paid() {
        let any = policy(PartialPayment::Any, PartialPayment::Any);
        let none = Payment { open: &[], chosen: &[], cents: 100, channel: Desk, policy: &any };
        assert_eq!(shares(&none), Err(Reason::FeeNotPayable));
    }

    proptest! {
        #[test]
        fn shares_add_up_and_never_exceed_their_fee(
            open in vec((1_i64..5_000, any::<bool>()), 0..8), cents in 1_i64..20_000, channel in 0..3_usize,
            partial in 0..3_usize,
        ) {
            let fees: Vec<OpenFee> = (1..).zip(open)
                .map(|(number, (open_cents, billed))| OpenFee { id: id(number), open_cents, billed }).collect();
            let partial = PartialPayment::ALL[partial];
            let policy = policy(partial, partial);
            let channel = PaymentChannel::ALL[channel];
            if let Ok(paid) = shares(&Payment { open: &fees, chosen: &[], cents, channel, policy: &policy }) {
                prop_assert_eq!(paid.iter().map(|share| share.cents).sum::<i64>(), cents);
                for share in paid {
                    let fee = fees.iter().find(|fee| fee.id == share.fee).unwrap();
                    prop_assert!(share.cents > 0 && share.cents <= fee.open_cents);
                    prop_assert!(channel == Desk || !fee.billed);
                }
            }
        }
    }
}
