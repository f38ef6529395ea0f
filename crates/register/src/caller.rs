//! Who asks.

use kortisto_domain::DeviceKind;

/// A device as its certificate names it. Whether it is in force is read with the facts of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// SHA-256 of its certificate.
    pub fingerprint: [u8; 32],
    /// Its key.
    pub device_id: i64,
    /// What it is; that never changes.
    pub kind: DeviceKind,
}
