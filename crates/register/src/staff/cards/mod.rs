//! Cards: issued, replaced, lost, blocked, handed back (A26 to A30), and the forms their numbers have.

mod block;
mod held;
mod issue;
mod list;
mod list_patterns;
mod patterns;
mod put_pattern;
mod remove_pattern;
mod replace;
mod report_lost;
mod return_card;
mod unblock;

pub use block::BlockCard;
pub(in crate::staff) use held::{HeldCard, taken};
pub use issue::{IssueCard, IssuedCard};
pub use list::{CardDetails, ListCards};
pub use list_patterns::ListCardPatterns;
pub use put_pattern::PutCardPattern;
pub use remove_pattern::RemoveCardPattern;
pub use replace::{CardFee, ReplaceCard, ReplacedCard};
pub use report_lost::{LostCard, ReportCardLost};
pub use return_card::ReturnCard;
pub use unblock::UnblockCard;
