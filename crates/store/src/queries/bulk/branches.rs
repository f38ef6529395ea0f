//! The branches that an import refers to by their codes.

use crate::{StoreError, entities::branches};
use sea_orm::{ConnectionTrait, EntityTrait};
use std::collections::HashMap;

/// The key of every branch by its code. A consortium has hundreds of them at most.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn keys_by_code(connection: &impl ConnectionTrait) -> Result<HashMap<String, i64>, StoreError> {
    let all = branches::Entity::find().all(connection).await?;
    Ok(all.into_iter().map(|branch| (branch.code, branch.id)).collect())
}
