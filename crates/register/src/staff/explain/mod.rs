//! Why a decision is as it is, for staff (DESIGN: the facts, the policy that applied, where it was set, and what lifts
//! each block).

mod decision;
mod facts;

pub use decision::{Cause, ExplainDecision, Explanation, Question, Who};
pub use facts::Fact;
