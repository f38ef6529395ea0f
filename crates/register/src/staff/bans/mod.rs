//! Bans as staff place, lift and look at them (A71 to A73).

mod get;
mod lift;
mod list;
mod place;
mod place_many;
pub(crate) mod terms;

pub use get::{BanGrounds, GetBan};
pub use lift::LiftBan;
pub use list::{BanRecord, ListBans};
pub use place::PlaceBan;
pub use place_many::{PlaceBans, PlacedBans};
pub use terms::BanTerms;

use super::FieldChange;
use kortisto_store::entities::bans;

/// What of a new ban goes into the trail. The grounds stand on the ban itself and are named only.
fn placed(ban: &bans::Model) -> Vec<FieldChange> {
    let new = |field, value: Option<String>| FieldChange::new(field, None, value);
    vec![
        new("ban", Some(ban.id.to_string())),
        new("ban.kind", Some(ban.kind.to_string())),
        new("ban.branch_id", ban.branch_id.map(|id| id.to_string())),
        new("ban.starts_at", Some(ban.starts_at.to_rfc3339())),
        new("ban.ends_at", ban.ends_at.map(|end| end.to_rfc3339())),
        FieldChange::secret("ban.grounds"),
    ]
}
