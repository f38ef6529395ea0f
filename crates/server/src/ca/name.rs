//! The name of a device in its certificate: a SPIFFE id, one URI.

use kortisto_domain::DeviceKind;

/// Longest SPIFFE id, in bytes (SPIFFE-ID section 2.3).
const SPIFFE_ID_BYTES_MAX: usize = 2048;

/// Longest trust domain, in bytes (SPIFFE-ID section 2.3).
const TRUST_DOMAIN_BYTES_MAX: usize = 255;

/// Who a certificate is for. Every part comes from the register, none from the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName {
    /// The name of the consortium, as people write it.
    pub consortium: String,
    /// The code of the device's branch: letters, digits, '.', '-' and '_'.
    pub branch: String,
    /// What the device is.
    pub kind: DeviceKind,
    /// The id of the device row.
    pub device_id: i64,
}

/// A name that cannot stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No letter or digit of the consortium's name is left.
    #[error("the consortium's name holds no letter or digit from which to make a trust domain")]
    Consortium,
    /// A character that a SPIFFE path may not hold.
    #[error("a branch code may hold letters, digits, '.', '-' and '_' only, and is neither '.' nor '..'")]
    Branch,
}

impl DeviceName {
    /// `spiffe://<consortium>/branch/<code>/device/<kind>/<id>`.
    ///
    /// # Errors
    /// [`NameFault`] when a part cannot stand in it.
    pub fn spiffe_id(&self) -> Result<String, NameFault> {
        let domain = trust_domain(&self.consortium).ok_or(NameFault::Consortium)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let branch = self.branch.as_str();
        if branch.is_empty() || branch == "." || branch == ".." || !branch.chars().all(plain) {
            return Err(NameFault::Branch);
        }
        let id = format!("spiffe://{domain}/branch/{branch}/device/{}/{}", self.kind.word(), self.device_id);
        if id.len() > SPIFFE_ID_BYTES_MAX { Err(NameFault::Branch) } else { Ok(id) }
    }

    /// What the common name of the certificate says, for people who read certificates.
    pub(super) fn common_name(&self) -> String {
        format!("{} {}", self.kind.word(), self.device_id)
    }
}

/// The trust domain of a consortium: its name in lower case, ä, ö and å without their marks, everything
/// else that a trust domain may not hold as one '-'. None when nothing is left.
#[must_use]
pub fn trust_domain(consortium: &str) -> Option<String> {
    let mut domain = String::new();
    for c in consortium.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' | 'å' => domain.push('a'),
            'ö' => domain.push('o'),
            'a'..='z' | '0'..='9' | '.' | '_' => domain.push(c),
            _ if domain.is_empty() || domain.ends_with('-') => {}
            _ => domain.push('-'),
        }
        if domain.len() >= TRUST_DOMAIN_BYTES_MAX {
            break;
        }
    }
    let domain = domain.trim_matches(['-', '.', '_']);
    (!domain.is_empty()).then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(consortium: &str, branch: &str) -> DeviceName {
        DeviceName {
            consortium: consortium.into(),
            branch: branch.into(),
            kind: DeviceKind::SelfCheckout,
            device_id: 17,
        }
    }

    #[test]
    fn a_device_is_named_by_consortium_branch_kind_and_row() {
        assert_eq!(
            name("Päijänteen kirjastot", "keuruu-paa").spiffe_id().unwrap(),
            "spiffe://paijanteen-kirjastot/branch/keuruu-paa/device/self-checkout/17"
        );
    }

    #[test]
    fn a_path_cannot_be_forged_through_a_branch_code() {
        for branch in ["", ".", "..", "a/../b", "a/device/door/1", "a b", "kirkko%2f", "ähtäri"] {
            assert_eq!(name("Kirkes", branch).spiffe_id(), Err(NameFault::Branch), "{branch:?}");
        }
    }

    #[test]
    fn a_trust_domain_is_lower_case_ascii() {
        for (consortium, domain) in [
            ("Kirkes", Some("kirkes")),
            ("LASTU-kirjastot", Some("lastu-kirjastot")),
            ("  Åbo & Ö  ", Some("abo-o")),
            ("図書館", None),
            ("", None),
        ] {
            assert_eq!(trust_domain(consortium).as_deref(), domain, "{consortium:?}");
        }
    }
}
