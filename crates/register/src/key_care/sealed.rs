//! The four tables that hold something sealed, read and written alike.

use kortisto_store::{
    StoreError,
    entities::{cards, identity_codes, patrons, pins, staff_accounts, web_passwords},
};
use kortisto_vault::{
    CardBinding, KeyId, Keys, PasswordBinding, PatronBinding, Random, SealedCode, StoredPin,
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use std::collections::BTreeSet;

/// What is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedKind {
    /// The PIN of a card.
    Pin,
    /// The password of a card in the online library.
    WebPassword,
    /// The password of a staff account.
    StaffPassword,
    /// A personal identity code.
    IdentityCode,
}

impl SealedKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pin, Self::WebPassword, Self::StaffPassword, Self::IdentityCode];

    /// What it is called in a table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pin => "PINs",
            Self::WebPassword => "web passwords",
            Self::StaffPassword => "staff passwords",
            Self::IdentityCode => "identity codes",
        }
    }
}

/// One sealed row.
pub(super) struct SealedRow {
    /// Key of the row, or of the card it belongs to.
    pub(super) id: i64,
    pub(super) kind: SealedKind,
    content: Content,
}

enum Content {
    Hash(StoredPin),
    Code { patron: i64, code: SealedCode },
}

/// Which rows of a table to read.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// Rows after this one.
    pub(super) after: i64,
    /// At most so many.
    pub(super) limit: u64,
    /// Only rows that are not sealed under this key.
    pub(super) not_under: Option<KeyId>,
}

macro_rules! page {
    ($connection:expr, $page:expr, $entity:ident, $id:ident, $key:ident) => {{
        // Accounts that sign in elsewhere have no password here.
        let mut query = $entity::Entity::find()
            .filter($entity::Column::$id.gt($page.after))
            .filter($entity::Column::$key.is_not_null());
        if let Some(key) = $page.not_under {
            query = query.filter($entity::Column::$key.ne(key.0));
        }
        query.order_by_asc($entity::Column::$id).limit($page.limit).all($connection).await?
    }};
}

impl SealedRow {
    /// A page of the rows of one kind, in the order of their keys.
    pub(super) async fn page(
        connection: &impl ConnectionTrait,
        kind: SealedKind,
        page: Page,
    ) -> Result<Vec<Self>, StoreError> {
        let hash = |id, scheme, key_id, hash| Self {
            id,
            kind,
            content: Content::Hash(StoredPin { scheme, key_id, hash }),
        };
        Ok(match kind {
            SealedKind::Pin => page!(connection, page, pins, CardId, KeyId)
                .into_iter()
                .map(|row| hash(row.card_id, row.scheme, row.key_id, row.hash))
                .collect(),
            SealedKind::WebPassword => page!(connection, page, web_passwords, CardId, KeyId)
                .into_iter()
                .map(|row| hash(row.card_id, row.scheme, row.key_id, row.hash))
                .collect(),
            SealedKind::StaffPassword => page!(connection, page, staff_accounts, Id, PasswordKeyId)
                .into_iter()
                .filter_map(|row| {
                    Some(hash(row.id, row.password_scheme?, row.password_key_id?, row.password_hash?))
                })
                .collect(),
            SealedKind::IdentityCode => page!(connection, page, identity_codes, Id, KeyId)
                .into_iter()
                .map(|row| Self {
                    id: row.id,
                    kind,
                    content: Content::Code {
                        patron: row.patron_id,
                        code: SealedCode { key_id: row.key_id, sealed: row.sealed },
                    },
                })
                .collect(),
        })
    }

    /// The keys without which the row cannot be read, as far as it can be read now.
    pub(super) fn keys(&self, keys: &Keys) -> BTreeSet<KeyId> {
        match &self.content {
            Content::Code { code, .. } => BTreeSet::from([KeyId(code.key_id)]),
            Content::Hash(stored) => {
                let pepper = match self.kind {
                    SealedKind::WebPassword => stored.pepper(keys, PasswordBinding::Card(self.id)),
                    SealedKind::StaffPassword => stored.pepper(keys, PasswordBinding::StaffAccount(self.id)),
                    _ => stored.pepper(keys, CardBinding(self.id)),
                };
                pepper.ok().into_iter().chain([KeyId(stored.key_id)]).collect()
            }
        }
    }

    /// The same sealed under the key in use; none where it is, or where it cannot be read.
    pub(super) fn rewrapped(&self, keys: &Keys, random: &dyn Random) -> Result<Option<Self>, Unreadable> {
        let content = match &self.content {
            Content::Code { patron, code } => code
                .rewrap(keys, PatronBinding(*patron), random)
                .map_err(|_| Unreadable)?
                .map(|code| Content::Code { patron: *patron, code }),
            Content::Hash(stored) => match self.kind {
                SealedKind::WebPassword => stored.rewrap(keys, PasswordBinding::Card(self.id), random),
                SealedKind::StaffPassword => {
                    stored.rewrap(keys, PasswordBinding::StaffAccount(self.id), random)
                }
                _ => stored.rewrap(keys, CardBinding(self.id), random),
            }
            .map_err(|_| Unreadable)?
            .map(Content::Hash),
        };
        Ok(content.map(|content| Self { id: self.id, kind: self.kind, content }))
    }

    /// Puts `new` in the place of this row, if nobody has changed it since it was read.
    pub(super) async fn replace(
        &self,
        connection: &impl ConnectionTrait,
        new: &Self,
    ) -> Result<bool, StoreError> {
        macro_rules! swap {
            ($entity:ident, $id:ident, $key:ident, $sealed:ident, $old:expr, $new_key:expr, $new:expr) => {
                $entity::Entity::update_many()
                    .col_expr($entity::Column::$key, Expr::value($new_key))
                    .col_expr($entity::Column::$sealed, Expr::value($new.clone()))
                    .filter($entity::Column::$id.eq(self.id))
                    .filter($entity::Column::$sealed.eq($old.clone()))
                    .exec(connection)
                    .await?
            };
        }
        let changed = match (&self.content, &new.content) {
            (Content::Code { code: old, .. }, Content::Code { code: new, .. }) => {
                swap!(identity_codes, Id, KeyId, Sealed, old.sealed, new.key_id, new.sealed)
            }
            (Content::Hash(old), Content::Hash(new)) => match self.kind {
                SealedKind::WebPassword => {
                    swap!(web_passwords, CardId, KeyId, Hash, old.hash, new.key_id, new.hash)
                }
                SealedKind::StaffPassword => {
                    swap!(staff_accounts, Id, PasswordKeyId, PasswordHash, old.hash, new.key_id, new.hash)
                }
                _ => swap!(pins, CardId, KeyId, Hash, old.hash, new.key_id, new.hash),
            },
            _ => return Ok(false),
        };
        Ok(changed.rows_affected == 1)
    }

    /// What an operator knows the row by: a card number, a user name, a patron's number.
    pub(super) async fn name(&self, connection: &impl ConnectionTrait) -> Result<String, StoreError> {
        let name = match (&self.content, self.kind) {
            (Content::Code { patron, .. }, _) => {
                patrons::Entity::find_by_id(*patron).one(connection).await?.map(|patron| patron.number)
            }
            (_, SealedKind::StaffPassword) => {
                staff_accounts::Entity::find_by_id(self.id).one(connection).await?.map(|row| row.user_name)
            }
            _ => cards::Entity::find_by_id(self.id).one(connection).await?.map(|card| card.number),
        };
        Ok(name.unwrap_or_default())
    }
}

/// A row that cannot be read with the keys there are.
pub(super) struct Unreadable;
