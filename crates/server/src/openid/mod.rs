//! Tokens of the consortium's own identity provider (OpenID Connect), in place of user name and password.
//!
//! The provider's public keys lie in a file (a JWK set), because the register asks nobody outside while somebody waits
//! at a desk; whoever runs it brings new keys there. A token is good for the account whose subject it names, at any
//! enrolled desk, until it ends. It may be used again as often as one likes until then, as a session may. Undertaking
//! and duties are the register's, as for everybody.

mod keys;
mod reload;
mod token;

pub use keys::KeysFault;
pub use reload::OpenId;
pub use token::{Bearer, TokenFault};

use std::path::PathBuf;

/// Whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdOptions {
    /// The claim `iss`, byte by byte.
    pub issuer: String,
    /// What the claim `aud` has to be or to hold.
    pub audience: String,
    /// The provider's public keys, a JWK set.
    pub keys_file: PathBuf,
}
