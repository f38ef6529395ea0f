//! The private authority of a consortium: it names devices and the server.
//!
//! A certificate only points at a device row (DESIGN.md section 6); it says who a device claims to be and
//! proves it, and the row says what it may do. A consortium with an authority of its own elsewhere runs
//! without an [`Authority`]: then only its roots are configured, and enrolment answers that certificates
//! come from there.

mod authority;
mod issuer;
mod name;
mod request;

pub use authority::{
    AUTHORITY_YEARS, Authority, AuthorityFault, BACKDATE_MINUTES, IssuedCertificate, IssuedServer,
};
pub use issuer::AuthorityIssuer;
pub use name::{DeviceName, NameFault, trust_domain};
pub use request::{CSR_BYTES_MAX, CsrFault};
