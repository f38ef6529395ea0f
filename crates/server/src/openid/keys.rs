//! The provider's public keys: a JWK set (RFC 7517) with RSA and P-256 keys (RFC 7518).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Keys in one set at most.
const KEYS_MAX: usize = 64;

/// Shortest and longest modulus of an RSA key, in bytes: 2048 and 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Length of a coordinate of P-256, in bytes.
const COORDINATE_BYTES: usize = 32;

/// A file of keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct KeysFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: String,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

impl Algorithm {
    /// The one of this name. `none` and the keyed hashes are none of them.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

/// One public key. It verifies with its own algorithm and no other, whatever a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
}

/// The keys of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeySet(Vec<(Option<String>, PublicKey)>);

#[derive(Deserialize)]
struct SetLayout {
    keys: Vec<KeyLayout>,
}

#[derive(Deserialize)]
struct KeyLayout {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a file.
    pub(super) fn load(path: &Path) -> Result<Self, KeysFault> {
        let fault = |fault: String| KeysFault { path: path.to_owned(), fault };
        let unreadable = |error: std::io::Error| fault(format!("cannot be read: {error}"));
        if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
            return Err(fault(format!("is longer than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|what| fault(what.to_owned()))
    }

    /// Takes the keys for signatures that this program can verify with, and passes over others.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let set: SetLayout = serde_json::from_slice(text).map_err(|_| "is no JWK set (RFC 7517)")?;
        if set.keys.len() > KEYS_MAX {
            return Err("holds more than 64 keys");
        }
        let mut keys = Vec::new();
        for key in set.keys {
            if let Some(public) = key.public()? {
                keys.push((key.kid, public));
            }
        }
        if keys.is_empty() {
            return Err("holds no RSA or P-256 key for signatures");
        }
        Ok(Self(keys))
    }

    /// Whether a key of this set has signed the message. A token that names its key is held to it; one that names
    /// none may have been signed by any.
    pub(super) fn verifies(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let meant = self.0.iter().filter(|(id, _)| key_id.is_none() || id.as_deref() == key_id);
        meant.into_iter().any(|(_, key)| key.verifies(algorithm, message, signature))
    }
}

impl KeyLayout {
    /// The key, if it is one that signs in a way this program verifies.
    fn public(&self) -> Result<Option<PublicKey>, &'static str> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let is_for = |algorithm: &str| self.alg.as_deref().is_none_or(|alg| alg == algorithm);
        match self.kty.as_str() {
            "RSA" if is_for("RS256") => {
                let modulus = stripped(&bytes(self.n.as_deref())?);
                if !MODULUS_BYTES.contains(&modulus.len()) {
                    return Err("holds an RSA key of less than 2048 or more than 8192 bits");
                }
                Ok(Some(PublicKey::Rsa { modulus, exponent: stripped(&bytes(self.e.as_deref())?) }))
            }
            "EC" if is_for("ES256") && self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (bytes(self.x.as_deref())?, bytes(self.y.as_deref())?);
                if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                    return Err("holds a P-256 key whose coordinates are not 32 bytes long");
                }
                Ok(Some(PublicKey::P256([&[4], x.as_slice(), &y].concat())))
            }
            _ => Ok(None),
        }
    }
}

impl PublicKey {
    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa { modulus, exponent }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n: modulus, e: exponent }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                    .is_ok()
            }
            (Self::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let decoded = text.and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
    decoded.ok_or("holds a key with a number that is missing or not base64url")
}

/// Without the zeros in front that some programs write.
fn stripped(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_usable_set_is_refused() {
        let short = Base64UrlUnpadded::encode_string(&[1; 128]);
        for (text, what) in [
            ("{", "JWK set"),
            ("{\"keys\":[]}", "no RSA"),
            ("{\"keys\":[{\"kty\":\"oct\"}]}", "no RSA"),
            ("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"enc\"}]}", "no RSA"),
            ("{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"PS256\"}]}", "no RSA"),
            ("{\"keys\":[{\"kty\":\"RSA\"}]}", "missing"),
            ("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}", "32 bytes"),
            (&format!("{{\"keys\":[{{\"kty\":\"RSA\",\"n\":\"{short}\",\"e\":\"AQAB\"}}]}}"), "2048"),
        ] {
            let fault = KeySet::parse(text.as_bytes()).unwrap_err();
            assert!(fault.contains(what), "{text}: {fault}");
        }
        let many = vec!["{\"kty\":\"oct\"}"; 65].join(",");
        assert!(KeySet::parse(format!("{{\"keys\":[{many}]}}").as_bytes()).is_err());
    }
}
