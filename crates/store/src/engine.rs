//! Which database keeps the register.

use sea_orm::{ConnectionTrait, DbBackend};

/// A database engine the register runs on. One schema and one suite of tests serve both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// One file beside the server: the embedded default. One server per file.
    Sqlite,
    /// PostgreSQL 14 or newer: production. Any number of servers on one database.
    Postgres,
}

impl Engine {
    /// The engine a database URL names by its scheme, `None` for any other scheme.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        let (scheme, _) = url.split_once(':')?;
        match scheme {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The engine behind a connection or a transaction.
    ///
    /// # Panics
    /// On a backend this crate is not built for; no connection of ours can have one.
    #[must_use]
    pub fn of(connection: &impl ConnectionTrait) -> Self {
        match connection.get_database_backend() {
            DbBackend::Sqlite => Self::Sqlite,
            DbBackend::Postgres => Self::Postgres,
            _ => unreachable!("the store connects to SQLite and PostgreSQL only"),
        }
    }

    /// The same, as sea-orm names it; for building statements.
    #[must_use]
    pub const fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_names_the_engine() {
        let rows = [
            ("sqlite:///var/lib/kortisto/register.db", Some(Engine::Sqlite)),
            ("sqlite::memory:", Some(Engine::Sqlite)),
            ("postgres://kortisto@db/kortisto", Some(Engine::Postgres)),
            ("postgresql://kortisto@db/kortisto", Some(Engine::Postgres)),
            ("mysql://kortisto@db/kortisto", None),
            ("register.db", None),
            ("", None),
        ];
        for (url, engine) in rows {
            assert_eq!(Engine::of_url(url), engine, "{url}");
        }
    }
}
