//! Programs that the tasks call and that a fresh machine lacks: each is found, or installed once.

mod apt;
mod buf;
mod cargo_tools;
mod mail;
mod postgres;

pub(crate) use apt::install as install_packages;
pub(crate) use buf::ensure as ensure_buf;
pub(crate) use cargo_tools::{CARGO_DENY, CARGO_NEXTEST};
pub(crate) use mail::ensure as ensure_mail_server;
pub(crate) use postgres::ensure as ensure_postgres;

use crate::{problem::Outcome, run::Project};

/// Everything that any task needs.
pub(crate) fn ensure_all(project: &Project) -> Outcome {
    ensure_postgres(project)?;
    ensure_mail_server(project)?;
    ensure_buf(project)?;
    CARGO_NEXTEST.ensure(project)?;
    CARGO_DENY.ensure(project)
}
