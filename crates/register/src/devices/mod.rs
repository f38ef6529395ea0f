//! Devices: who they are, how they get, renew and lose their certificates.

mod describe;
mod enrol;
mod identify;
mod issuer;
pub mod manage;
pub(crate) mod outside_lane;
mod renew;

pub use describe::DeviceDescription;
pub use enrol::Enrolment;
pub use identify::KnownDevice;
pub use issuer::{CertificateIssuer, DeviceSubject, IssueFault, IssuedCertificate};
pub use manage::{DeviceSummary, ManageFault, NewDevice};
pub use renew::RenewedCertificate;
