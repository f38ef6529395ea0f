//! What can be kept in the vault as a hash, and whose it is.
//!
//! A stored hash opens for its owner only: the kind of the owner and the number of its row are in the associated
//! data of the outer encryption. So a card's PIN, the same card's password and a staff password are three things
//! even where their numbers are the same, and no row can be moved from one table to another.

use crate::password::Password;
use crate::pin::Pin;

/// A PIN or a password: what somebody knows, and what is kept as a slow hash.
pub trait Secret: sealed::Sealed + Into<Presented> + Send + 'static {
    /// To whom such a secret belongs.
    type Owner: Copy + Send + Into<Owner>;
}

/// The card a PIN belongs to: the id of its row, not its printed number. A stored PIN opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardBinding(pub i64);

/// Whose password it is: the id of a row. A stored password opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordBinding {
    /// A card's password in the online library, apart from its PIN.
    Card(i64),
    /// A staff account's.
    StaffAccount(i64),
}

/// The owner of a stored secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// No two labels have the same length, so that no two owners have the same associated data.
    pub(crate) label: &'static [u8],
    pub(crate) row: i64,
}

/// A secret given in, without its kind.
pub enum Presented {
    /// A PIN.
    Pin(Pin),
    /// A password.
    Password(Password),
}

impl Presented {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Pin(pin) => pin.digits(),
            Self::Password(password) => password.bytes(),
        }
    }
}

impl Secret for Pin {
    type Owner = CardBinding;
}

impl Secret for Password {
    type Owner = PasswordBinding;
}

impl From<Pin> for Presented {
    fn from(pin: Pin) -> Self {
        Self::Pin(pin)
    }
}

impl From<Password> for Presented {
    fn from(password: Password) -> Self {
        Self::Password(password)
    }
}

impl From<CardBinding> for Owner {
    fn from(card: CardBinding) -> Self {
        Self { label: b"kortisto pin", row: card.0 }
    }
}

impl From<PasswordBinding> for Owner {
    fn from(owner: PasswordBinding) -> Self {
        match owner {
            PasswordBinding::Card(row) => Self { label: b"kortisto card password", row },
            PasswordBinding::StaffAccount(row) => Self { label: b"kortisto staff password", row },
        }
    }
}

mod sealed {
    /// Nobody else decides what is a secret.
    pub trait Sealed {}
    impl Sealed for crate::pin::Pin {}
    impl Sealed for crate::password::Password {}
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_kinds_of_owner_have_labels_of_one_length() {
        let owners = [
            Owner::from(CardBinding(1)),
            PasswordBinding::Card(1).into(),
            PasswordBinding::StaffAccount(1).into(),
        ];
        let lengths: HashSet<usize> = owners.iter().map(|owner| owner.label.len()).collect();
        assert_eq!(lengths.len(), owners.len());
    }
}
