//! What is right for controllers and places: their codes, mergers of municipalities, seasons of opening hours.

pub mod codes;
pub mod municipality;
pub mod span;
