//! A hold becomes ready on the shelf of a branch: at a return, and when the hold before it lets its item go.

use crate::{Rulebook, Surroundings, notices::cause};
use chrono::Days;
use kortisto_domain::{HoldState, Moment};
use kortisto_store::queries::{
    changes::{Changes, HoldRow},
    dialect::At,
};
use kortisto_vault::Random;
use uuid::Uuid;

/// The hold shelf of a branch.
#[derive(Clone, Copy)]
pub(crate) struct HoldShelf<'a> {
    pub(crate) branch: i64,
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) moment: &'a Moment,
}

impl HoldShelf<'_> {
    /// Notes that the hold of this patron waits here with its item from now on, under a new number, and that its holder
    /// is to be told. Gives the hold as it stands then.
    pub(crate) fn receive(&self, changes: &mut Changes, hold: Uuid, patron: i64, item: i64) -> HoldRow {
        let at = self.moment.at();
        let today = self.moment.today();
        let days = self.rulebook.policies.holds(&self.rulebook.place(self.branch), today).pickup_days;
        let row = HoldRow {
            kept_item_id: Some(item),
            ready_at: Some(At(at)),
            pickup_until: today.checked_add_days(Days::new(u64::from(days))),
            pickup_number: Some(pickup_number(&*self.surroundings.random)),
            ..HoldRow::new(hold, HoldState::Ready, At(at))
        };
        changes.holds.insert(hold, row.clone());
        changes.notice_lines.push(cause::pickup(self.surroundings.new_id(at), patron, hold, at));
        row
    }
}

/// A number for the shelf that says nothing of the patron (A60): a letter and three digits, so that
/// two of the same day at one branch seldom meet and a hand can write it on a slip.
fn pickup_number(random: &dyn Random) -> String {
    const LETTERS: &[u8; 20] = b"ABCDEFGHJKLMNPRSTUVX";
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    let number = u32::from_be_bytes(bytes);
    let letter = char::from(LETTERS[(number % 20) as usize]);
    format!("{letter}{:03}", number / 20 % 1000)
}
