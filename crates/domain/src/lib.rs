//! What the register allows and what it costs: pure functions over facts and a moment.
//!
//! Nothing here reads a clock, a database or a file. The same facts at the same moment give the same
//! decision at the kiosk, the door, the desk and the online library.
//!
//! | a question | its rule |
//! |---|---|
//! | may this patron open a session? | [`authenticate`] |
//! | may this item be lent to this patron, until when? | [`lend`] |
//! | may this patron pick up this hold? | [`pick_up`] |
//! | when does a loan end? | [`due`] |
//! | may this loan be renewed, until when? | [`renew`] |
//! | may this check-out be undone? | [`undo`] |
//! | what is owed, and how is it paid? | [`fees`] |
//! | may this patron place this hold? | [`place_hold`] |
//! | who may take what waits for a hold? | [`holders`] |
//! | may this compartment be opened, and was it? | [`reserve_pickup`] |
//! | where does a returned item go? | [`take_back`] |
//! | what keeps an item from a hold that waits? | [`waiting`] |
//! | may this patron use this door or PC now? | [`enter`] |
//! | may this patron get a card, and how long is it valid? | [`cards`] |
//! | is this a card number of the consortium? | [`card_number`] |
//! | can this identity code be that of somebody alive? | [`identity_codes`] |
//! | does this need a proof of identity with a photo? | [`step_up`] |
//! | may this PIN be verified at all? | [`pin_throttle`] |
//! | may this password of a staff account be verified at all? | [`sign_in_throttle`] |
//! | may this duty be granted? | [`staff_account`] |
//! | which policy applies here today? | [`policy`] |
//! | may staff see where this patron lives? | [`protection`] |
//! | do these details fit a patron? | [`registration`], [`contact`], [`notices`], [`languages`], [`business_id`] |
//! | which message does a patron see? | [`messages`] |
//! | what is written to whom, by which way, when? | [`notices`] |
//! | how is a name found? | [`names`] |
//! | what stands against borrowing, and where does it come from? | [`blocks`] |
//! | who stands beside a patron, and may their record go? | [`relations`] |
//! | until when does a guardian act in a ward's place? | [`care`] |
//! | how is a right to unstaffed libraries granted? | [`rights`] |
//! | who may give which consent? | [`consents`] |
//! | when does the home library service deliver? | [`home_service`] |
//! | why does a reason hold, and what lifts it? | [`because`] |
//!
//! What is right for controllers and places, apart from any patron, stands in [`places`].
//!
//! What several rules share has a file of its own: [`age`], [`aliases`], [`bans`], [`debt`], [`opening`],
//! [`services`] and [`validity`].

pub mod age;
pub mod aliases;
pub mod authenticate;
pub mod bans;
pub mod because;
pub mod blocks;
pub mod business_id;
pub mod card_number;
pub mod cards;
pub mod care;
pub mod codes;
pub mod consents;
pub mod contact;
pub mod debt;
pub mod decision;
pub mod due;
pub mod enter;
pub mod facts;
pub mod fees;
pub mod history;
pub mod holders;
pub mod home_service;
pub mod identity_codes;
pub mod items;
pub mod languages;
pub mod lend;
pub mod messages;
pub mod moment;
pub mod names;
pub mod notices;
pub mod opening;
pub mod pick_up;
pub mod pin_throttle;
pub mod place_hold;
pub mod places;
pub mod policy;
pub mod protection;
pub mod registration;
pub mod relations;
pub mod renew;
pub mod reserve_pickup;
pub mod rights;
pub mod services;
pub mod sign_in_throttle;
pub mod staff_account;
pub mod step_up;
pub mod take_back;
pub mod undo;
pub mod validity;
pub mod waiting;

#[cfg(test)]
mod samples;

pub use codes::{
    AddressKind, BanKind, BranchKind, CardState, CheckDigit, ConsentForm, ConsentPurpose, ConsentState,
    DeviceKind, DeviceState, FeeEntryKind, FeeKind, FeeLaw, Gender, HoldState, IdentityDocument, ItemReport,
    ItemState, LoanState, MessageAudience, MessageKind, NoticeChannel, NoticeKind, NoticeReason, NoticeState,
    OpeningMode, PatronCategory, PatronState, PaymentChannel, Purpose, RecordSource, RelationKind,
    ResourceKind, RightKind, Service, StaffAccountState, StaffRole,
};
pub use decision::{Decision, Reason};
pub use moment::Moment;
