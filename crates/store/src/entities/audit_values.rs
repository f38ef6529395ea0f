//! The old and the new value of one field that an audit row is about.

use sea_orm::entity::prelude::*;

/// The old and the new value of one field that an audit row is about.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_values")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub audit_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i16,
    pub field: String,
    pub old_value: Option<String>,
    pub new_value: Option<String>,
    pub salt: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("audit_values").field("audit_id", &self.audit_id).finish_non_exhaustive()
    }
}
