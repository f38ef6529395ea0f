//! Lending and taking back.

pub(crate) mod checkout;
pub(crate) mod open_loan;
pub(crate) mod take_back;

pub use checkout::Checkout;
pub use open_loan::{LoanAnswer, LoanDetails};
pub use take_back::{Return, ReturnAnswer, ReturnRouting};
