//! The password of a card in the online library, apart from its PIN.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// The password of a card in the online library, apart from its PIN.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "web_passwords")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub card_id: i64,
    pub scheme: i16,
    pub key_id: i16,
    pub hash: Vec<u8>,
    pub set_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("web_passwords").field("card_id", &self.card_id).finish_non_exhaustive()
    }
}
