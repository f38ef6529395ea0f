//! Loans at a desk: what no device may do. Lending itself goes the way of every device.

mod bill;
mod explain;
mod found;
mod list;
mod open_session;
mod report;

pub use bill::BillLoan;
pub use explain::{ExplainLoan, LoanCost, LoanEvent, LoanExplained};
pub use list::{ListPatronLoans, PatronLoan, PatronLoans};
pub use open_session::{OpenPatronSession, OpenedAtDesk};
pub use report::ReportLoan;
