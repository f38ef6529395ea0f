//! Lending and taking back.

pub(crate) mod billing;
pub(crate) mod checkout;
pub(crate) mod fees;
pub(crate) mod history;
mod list;
mod list_history;
pub(crate) mod open_loan;
pub(crate) mod open_loans_of;
mod renew;
pub(crate) mod renewing;
mod set_history;
pub(crate) mod take_back;
pub(crate) mod undo;

pub use billing::Billed;
pub use checkout::Checkout;
pub use history::{HistoryPage, HistoryRecord};
pub use list::{ListLoans, ListedLoan, LoanList, LoanPlace};
pub use list_history::{ListLoanHistory, LoanHistory};
pub use open_loan::{LoanAnswer, LoanDetails};
pub use renew::{RENEW_ALL_MAX, Renew, RenewAll, RenewAnswer, Renewed};
pub use set_history::{HistorySet, SetLoanHistory};
pub use take_back::{Return, ReturnAnswer, ReturnRouting};
pub use undo::{CancelCheckout, UndoAnswer};
