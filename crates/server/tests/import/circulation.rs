//! Loans and holds of one patron, which a file meets.

use crate::kit::{Kit, NOW};
use chrono::{DateTime, Utc};
use kortisto_register::imports::ImportKind::Patrons;
use kortisto_store::entities::{branches, cards, devices, holds, items, open_loans, patrons};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use uuid::Uuid;

/// A patron with a card, and a device that has lent and kept things for them.
pub(crate) struct Circulation<'k> {
    kit: &'k Kit,
    patron: i64,
    card: i64,
    branch: i64,
    device: i64,
}

impl<'k> Circulation<'k> {
    /// At the branch `MAIN`, which is there.
    pub(crate) async fn start(kit: &'k Kit) -> Self {
        let aino = "number,family_name,given_names,birth_date,category,service_language,home_branch,card_number,\
                    card_valid_from\np1,Virta,Aino,1942-04-03,person,fi,MAIN,c1,2024-01-01\n";
        kit.import(Patrons, aino).await.unwrap();
        let readers = kit.store.readers();
        let main = branches::Entity::find().filter(branches::Column::Code.eq("MAIN"));
        let branch = main.one(readers).await.unwrap().unwrap().id;
        let device = devices::ActiveModel {
            name: Set("kiosk-1".to_owned()),
            kind: Set(1),
            branch_id: Set(branch),
            state: Set(2),
            created_at: Set(now()),
            ..Default::default()
        };
        Self {
            kit,
            patron: patrons::Entity::find().one(readers).await.unwrap().unwrap().id,
            card: cards::Entity::find().one(readers).await.unwrap().unwrap().id,
            branch,
            device: device.insert(kit.store.writer()).await.unwrap().id,
        }
    }

    pub(crate) async fn item(&self, barcode: &str) -> items::Model {
        let found = items::Entity::find().filter(items::Column::Barcode.eq(barcode));
        found.one(self.kit.store.readers()).await.unwrap().unwrap()
    }

    /// A loan of the item, not written yet.
    pub(crate) async fn loan(&self, barcode: &str) -> open_loans::ActiveModel {
        let at = now();
        open_loans::ActiveModel {
            item_id: Set(self.item(barcode).await.id),
            id: Set(Uuid::from_u128(1)),
            patron_id: Set(self.patron),
            card_id: Set(self.card),
            branch_id: Set(self.branch),
            device_id: Set(self.device),
            material: Set("book".to_owned()),
            lent_at: Set(at),
            due_on: Set(at.date_naive()),
            state: Set(1),
            ..Default::default()
        }
    }

    /// The moment of all of it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        now()
    }

    /// Lends the item.
    pub(crate) async fn lend(&self, barcode: &str) {
        self.loan(barcode).await.insert(self.kit.store.writer()).await.unwrap();
    }

    /// A hold on the title of the item that waits, not written yet.
    pub(crate) async fn hold(&self, number: i64, barcode: &str) -> holds::ActiveModel {
        holds::ActiveModel {
            id: Set(hold_id(number)),
            queue_number: Set(number),
            patron_id: Set(self.patron),
            title_id: Set(self.item(barcode).await.title_id),
            pickup_branch_id: Set(self.branch),
            state: Set(1),
            placed_at: Set(now()),
            ..Default::default()
        }
    }
}

fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// The key of a hold.
pub(crate) fn hold_id(number: i64) -> Uuid {
    Uuid::from_u128(number.unsigned_abs().into())
}
