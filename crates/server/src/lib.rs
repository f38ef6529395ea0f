//! How the register is reached: TLS, device identity, limits, status codes, texts, telemetry, configuration.
//!
//! | a change to ... | file |
//! |---|---|
//! | which status code or text leaves | [`status`] |
//! | what a patron reads on a screen | [`text`] and `text/{fi,sv,en}/` |
//! | certificates, revocation lists, their reload | [`tls`] |
//! | the authority that names devices | [`ca`] |
//! | connections: how many, how long a handshake may last | [`accept`] |
//! | what a connection knows about its device | [`identity`] |
//! | deadlines, load, panics, spans, HTTP/2 | [`limits`] |
//! | keys of the configuration | [`config`] |
//! | logs, metrics, traces | [`telemetry`] |
//! | tokens of an identity provider of staff | [`openid`] |
//! | how the server stops | [`shutdown`] |

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub mod accept;
pub mod ca;
pub mod commands;
pub mod config;
pub mod health;
pub mod identity;
pub mod limits;
pub mod notices;
pub mod observe;
pub mod openid;
pub mod serve;
pub mod services;
pub mod shutdown;
pub mod status;
pub mod telemetry;
pub mod text;
pub mod tls;

/// What time it is. Passed in, so that a test can turn the clock by hand.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
