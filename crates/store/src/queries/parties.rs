//! Every patron with a card, batch by batch: the same facts as a decision about one of them is made on.

use super::{
    cursor::Cursor,
    dialect::one_text_per_engine,
    party::{Party, party_columns},
};
use crate::{Engine, StoreError};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, Statement};

/// A patron with the card that counts: one in force before others, and of those the one that is valid longest.
#[derive(Debug, Clone)]
pub struct NumberedParty {
    /// The number of the patron.
    pub number: String,
    /// Card and patron.
    pub party: Party,
}

fn text(engine: Engine) -> String {
    format!(
        "select p.number, {} from patrons p join cards c on c.id = (select x.id from cards x \
         where x.patron_id = p.id order by case when x.state = 1 then 0 else 1 end, \
         case when x.valid_until is null then 0 else 1 end, x.valid_until desc, x.id desc limit 1) \
         where p.id > $1 order by p.id limit $2",
        party_columns(engine, "$3")
    )
}

one_text_per_engine!();

/// Loads at most `count` patrons whose keys come after `after`, in the order of their keys, as they stand on the day
/// `today`.
///
/// # Errors
/// [`StoreError`] when the database fails or holds a code that this version does not know.
pub async fn load(
    connection: &impl ConnectionTrait,
    engine: Engine,
    after: i64,
    count: u32,
    today: NaiveDate,
) -> Result<Vec<NumberedParty>, StoreError> {
    let parameters = [after.into(), i64::from(count).into(), today.into()];
    let statement =
        Statement::from_sql_and_values(connection.get_database_backend(), sql(engine), parameters);
    let mut found = Vec::new();
    for row in connection.query_all_raw(statement).await? {
        let mut cursor = Cursor::new(&row);
        let number = cursor.get()?;
        if let Some(party) = Party::read(&mut cursor)? {
            found.push(NumberedParty { number, party });
        }
    }
    Ok(found)
}
