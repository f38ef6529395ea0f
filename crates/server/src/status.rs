//! The one place that makes a [`tonic::Status`].
//!
//! A refusal is a reply; a status is a fault of the caller or of the system. Every status carries exactly
//! one `ErrorInfo` (domain "kortisto", reason from `kortisto.common.v1.ErrorReason`), and a `RetryInfo`
//! where a retry helps. Its text says what to do next and never what happened inside.

use std::collections::HashMap;
use std::time::Duration;

use kortisto::common::v1::ErrorReason;
use kortisto_register::{RegisterError, staff::duties};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every `ErrorInfo`.
pub const ERROR_DOMAIN: &str = "kortisto";

/// Longest text of a status, in bytes. Above some 16 KB of header, HTTP/2 peers see a protocol error.
pub const TEXT_BYTES_MAX: usize = 1024;

/// Longest value in the metadata of an `ErrorInfo`, in bytes.
pub const METADATA_VALUE_BYTES_MAX: usize = 256;

/// Wait that is advised when the register has too much work.
pub const RETRY_AFTER_OVERLOAD: Duration = Duration::from_millis(500);

/// Wait that is advised when the database does not answer or the server stops.
pub const RETRY_AFTER_UNAVAILABLE: Duration = Duration::from_secs(2);

/// A fault, one variant for each `ErrorReason`. Whoever has an error of another layer turns it into one
/// of these; only here does it become a status. No variant can carry a cause: causes go to the log.
#[expect(clippy::enum_variant_names, reason = "each variant has the name of its ErrorReason")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A field is malformed.
    FieldInvalid {
        /// The name of the field in the contract.
        field: String,
        /// What would be right, for example "1 to 64 characters". Never the value that was sent.
        rule: String,
    },
    /// The request id was used for another request.
    RequestIdReused {
        /// The name of the field that carries the id.
        field: &'static str,
    },
    /// The certificate belongs to no device in force.
    DeviceUnknown,
    /// The device has been revoked.
    DeviceRevoked,
    /// This kind of device may not call this rpc.
    RpcForbidden {
        /// The rpc, for example "LoanService.Checkout".
        rpc: String,
    },
    /// This kind of device may not set this field.
    FieldForbidden {
        /// The name of the field in the contract.
        field: String,
    },
    /// Too many failed PINs at this device.
    DeviceThrottled {
        /// When it may try again; none when staff must release the device.
        retry_after: Option<Duration>,
    },
    /// More work than may be queued.
    Overloaded {
        /// When a retry is likely to pass; none for [`RETRY_AFTER_OVERLOAD`].
        retry_after: Option<Duration>,
    },
    /// The deadline passed; the outcome is unknown.
    DeadlinePassed,
    /// The database does not answer or the server is stopping; the outcome is unknown.
    RegisterUnavailable {
        /// When a retry is likely to pass; none for [`RETRY_AFTER_UNAVAILABLE`].
        retry_after: Option<Duration>,
    },
    /// A fault in the register.
    InternalFault {
        /// The trace id under which the log tells more; empty when there is none.
        trace_id: String,
    },
    /// The enrolment code is unknown, used or too old.
    EnrolmentRefused,
    /// The rpc does not exist in this version.
    RpcUnknown,
    /// The request is too long.
    RequestTooLarge,
    /// Only a desk may call this.
    DeskOnly,
    /// Nobody is signed in with this token at this desk.
    StaffSessionUnknown,
    /// User name or password is wrong, or the account is shut or locked.
    SignInRefused,
    /// The password has to be changed first.
    PasswordChangeRequired,
    /// The confidentiality undertaking has to be given first.
    UndertakingRequired,
    /// No duty of the account allows this rpc.
    DutyForbidden {
        /// The rpc.
        rpc: &'static str,
    },
    /// The purpose is missing, or none that this rpc may be called for.
    PurposeForbidden {
        /// The rpc.
        rpc: &'static str,
        /// The purposes it may be called for.
        purposes: String,
    },
    /// There is no such thing.
    NotFound {
        /// What is missing.
        what: &'static str,
    },
    /// There is one already.
    Duplicate {
        /// The field that would have to be another one.
        field: &'static str,
    },
    /// A rule of the register stands against it.
    RuleBroken {
        /// The rule, and what would be right.
        rule: &'static str,
    },
    /// Somebody else changed it since it was read.
    ChangedMeanwhile,
}

impl Fault {
    /// A malformed field.
    #[must_use]
    pub fn field(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::FieldInvalid { field: field.into(), rule: rule.into() }
    }

    /// The fault that an error of the register is to the caller.
    #[must_use]
    pub fn of(error: &RegisterError, trace_id: &str) -> Self {
        match *error {
            RegisterError::DeviceUnknown => Self::DeviceUnknown,
            RegisterError::DeviceRevoked => Self::DeviceRevoked,
            RegisterError::RpcForbidden { rpc } => Self::RpcForbidden { rpc: rpc.name().to_owned() },
            RegisterError::FieldForbidden { field } => Self::FieldForbidden { field: field.to_owned() },
            RegisterError::FieldInvalid { field, ref rule } => Self::field(field, rule.as_str()),
            RegisterError::RequestIdReused { field } => Self::RequestIdReused { field },
            RegisterError::DeviceThrottled { retry_after } => Self::DeviceThrottled { retry_after },
            RegisterError::EnrolmentRefused => Self::EnrolmentRefused,
            RegisterError::DeskOnly => Self::DeskOnly,
            RegisterError::StaffSessionUnknown => Self::StaffSessionUnknown,
            RegisterError::SignInRefused => Self::SignInRefused,
            RegisterError::PasswordChangeRequired => Self::PasswordChangeRequired,
            RegisterError::UndertakingRequired => Self::UndertakingRequired,
            RegisterError::DutyForbidden { rpc } => Self::DutyForbidden { rpc: rpc.name() },
            RegisterError::PurposeForbidden { rpc } => {
                let purposes: Vec<_> = duties::purposes(rpc).iter().map(|purpose| purpose.word()).collect();
                Self::PurposeForbidden { rpc: rpc.name(), purposes: purposes.join(", ") }
            }
            RegisterError::NotFound { what } => Self::NotFound { what },
            RegisterError::AlreadyExists { field } => Self::Duplicate { field },
            RegisterError::RuleBroken { rule } => Self::RuleBroken { rule },
            RegisterError::ChangedMeanwhile => Self::ChangedMeanwhile,
            RegisterError::Overloaded { retry_after } => Self::Overloaded { retry_after: Some(retry_after) },
            RegisterError::DeadlinePassed => Self::DeadlinePassed,
            RegisterError::Unavailable => Self::RegisterUnavailable { retry_after: None },
            RegisterError::Internal(what) => {
                tracing::error!(what, trace_id, "a fault of the register");
                Self::InternalFault { trace_id: trace_id.to_owned() }
            }
        }
    }

    /// The machine code in the contract.
    #[must_use]
    pub const fn reason(&self) -> ErrorReason {
        match self {
            Self::FieldInvalid { .. } => ErrorReason::FieldInvalid,
            Self::RequestIdReused { .. } => ErrorReason::RequestIdReused,
            Self::DeviceUnknown => ErrorReason::DeviceUnknown,
            Self::DeviceRevoked => ErrorReason::DeviceRevoked,
            Self::RpcForbidden { .. } => ErrorReason::RpcForbidden,
            Self::FieldForbidden { .. } => ErrorReason::FieldForbidden,
            Self::DeviceThrottled { .. } => ErrorReason::DeviceThrottled,
            Self::Overloaded { .. } => ErrorReason::Overloaded,
            Self::DeadlinePassed => ErrorReason::DeadlinePassed,
            Self::RegisterUnavailable { .. } => ErrorReason::RegisterUnavailable,
            Self::InternalFault { .. } => ErrorReason::InternalFault,
            Self::EnrolmentRefused => ErrorReason::EnrolmentRefused,
            Self::RpcUnknown => ErrorReason::RpcUnknown,
            Self::RequestTooLarge => ErrorReason::RequestTooLarge,
            Self::DeskOnly => ErrorReason::DeskOnly,
            Self::StaffSessionUnknown => ErrorReason::StaffSessionUnknown,
            Self::SignInRefused => ErrorReason::SignInRefused,
            Self::PasswordChangeRequired => ErrorReason::PasswordChangeRequired,
            Self::UndertakingRequired => ErrorReason::UndertakingRequired,
            Self::DutyForbidden { .. } => ErrorReason::DutyForbidden,
            Self::PurposeForbidden { .. } => ErrorReason::PurposeForbidden,
            Self::NotFound { .. } => ErrorReason::NotFound,
            Self::Duplicate { .. } => ErrorReason::Duplicate,
            Self::RuleBroken { .. } => ErrorReason::RuleBroken,
            Self::ChangedMeanwhile => ErrorReason::ChangedMeanwhile,
        }
    }

    /// What whoever reads the device's log does next.
    fn text(&self) -> String {
        match self {
            Self::FieldInvalid { field, rule } => {
                format!("The field {field} is malformed. What would be right: {rule}. Mend the request and send it again.")
            }
            Self::RequestIdReused { .. } => {
                "This id belongs to another request. Make a new one for a new request.".into()
            }
            Self::DeviceUnknown => {
                "This certificate belongs to no device in force. Enrol the device again.".into()
            }
            Self::DeviceRevoked => "This device has been revoked. Ask the operator of the register.".into(),
            Self::RpcForbidden { rpc } => {
                format!("A device of this kind may not call {rpc}. GetDevice lists what it may call.")
            }
            Self::FieldForbidden { field } => {
                format!("A device of this kind may not set {field}. Leave the field unset.")
            }
            Self::DeviceThrottled { retry_after: Some(_) } => {
                "Too many failed PINs at this device. Wait for as long as RetryInfo says.".into()
            }
            Self::DeviceThrottled { retry_after: None } => {
                "Too many failed PINs at this device. Ask staff to release the device.".into()
            }
            Self::Overloaded { .. } => {
                "The register has more work than it may queue. Nothing was changed; repeat after the wait of RetryInfo."
                    .into()
            }
            Self::DeadlinePassed => {
                "The deadline passed and the outcome is unknown. Repeat with the same request id.".into()
            }
            Self::RegisterUnavailable { .. } => {
                "The register cannot answer now and the outcome is unknown. Repeat with the same request id after the wait of RetryInfo."
                    .into()
            }
            Self::InternalFault { .. } => {
                "A fault in the register. Report the traceId of the error details to the operator.".into()
            }
            Self::EnrolmentRefused => {
                "The enrolment code is unknown, used or too old. Ask the operator for a new one.".into()
            }
            Self::RpcUnknown => {
                "This version of the register has no such rpc. Compare the versions of the contract.".into()
            }
            Self::RequestTooLarge => format!(
                "The request is longer than {} bytes. Send a shorter one.",
                kortisto::REQUEST_BYTES_MAX
            ),
            Self::DeskOnly => "Only a desk may call this rpc. Enrol the device as a desk.".into(),
            Self::StaffSessionUnknown => {
                "Nobody is signed in with this token at this desk. Sign in again.".into()
            }
            Self::SignInRefused => {
                "User name or password is wrong, or the account is shut or locked. Try again, or ask an administrator."
                    .into()
            }
            Self::PasswordChangeRequired => "Change the password first: ChangePassword.".into(),
            Self::UndertakingRequired => "Give the confidentiality undertaking first: GiveUndertaking.".into(),
            Self::DutyForbidden { rpc } => {
                format!("No duty of this account allows {rpc}. Ask an administrator for the duty.")
            }
            Self::PurposeForbidden { rpc, purposes } if purposes.is_empty() => {
                format!("{rpc} shows no personal data and takes no purpose. Leave it unset.")
            }
            Self::PurposeForbidden { rpc, purposes } => format!("{rpc} is called for one of: {purposes}."),
            Self::NotFound { what } => format!("There is no such {what}. Look it up again."),
            Self::Duplicate { field } => format!("There is one already with this {field}. Use another, or change that one."),
            Self::RuleBroken { rule } => format!("A rule stands against it: {rule}."),
            Self::ChangedMeanwhile => "Somebody else changed it meanwhile. Read it again and repeat the change.".into(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::FieldInvalid { field, rule } => vec![("field", field.clone()), ("rule", rule.clone())],
            Self::RequestIdReused { field } => vec![("field", (*field).into())],
            Self::RpcForbidden { rpc } => vec![("rpc", rpc.clone())],
            Self::FieldForbidden { field } => vec![("field", field.clone())],
            Self::DeviceThrottled { retry_after } => {
                vec![("staffRelease", retry_after.is_none().to_string())]
            }
            Self::InternalFault { trace_id } => vec![("traceId", trace_id.clone())],
            Self::DutyForbidden { rpc } => vec![("rpc", (*rpc).into())],
            Self::PurposeForbidden { rpc, purposes } => {
                vec![("rpc", (*rpc).into()), ("purposes", purposes.clone())]
            }
            Self::NotFound { what } => vec![("what", (*what).into())],
            Self::Duplicate { field } => vec![("field", (*field).into())],
            Self::RuleBroken { rule } => vec![("rule", (*rule).into())],
            Self::DeviceUnknown
            | Self::DeviceRevoked
            | Self::Overloaded { .. }
            | Self::DeadlinePassed
            | Self::RegisterUnavailable { .. }
            | Self::EnrolmentRefused
            | Self::RpcUnknown
            | Self::RequestTooLarge
            | Self::DeskOnly
            | Self::StaffSessionUnknown
            | Self::SignInRefused
            | Self::PasswordChangeRequired
            | Self::UndertakingRequired
            | Self::ChangedMeanwhile => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::DeviceThrottled { retry_after } => *retry_after,
            Self::Overloaded { retry_after } => Some(retry_after.unwrap_or(RETRY_AFTER_OVERLOAD)),
            Self::RegisterUnavailable { retry_after } => Some(retry_after.unwrap_or(RETRY_AFTER_UNAVAILABLE)),
            _ => None,
        }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        status(fault.reason(), &fault.text(), &fault.metadata(), fault.retry_after())
    }
}

/// The gRPC code that the contract documents for a reason.
#[must_use]
pub const fn code(reason: ErrorReason) -> Code {
    match reason {
        ErrorReason::FieldInvalid => Code::InvalidArgument,
        ErrorReason::RequestIdReused | ErrorReason::Duplicate => Code::AlreadyExists,
        ErrorReason::DeviceUnknown
        | ErrorReason::DeviceRevoked
        | ErrorReason::StaffSessionUnknown
        | ErrorReason::SignInRefused => Code::Unauthenticated,
        ErrorReason::RpcForbidden
        | ErrorReason::FieldForbidden
        | ErrorReason::EnrolmentRefused
        | ErrorReason::DeskOnly
        | ErrorReason::DutyForbidden
        | ErrorReason::PurposeForbidden => Code::PermissionDenied,
        ErrorReason::PasswordChangeRequired | ErrorReason::UndertakingRequired | ErrorReason::RuleBroken => {
            Code::FailedPrecondition
        }
        ErrorReason::NotFound => Code::NotFound,
        ErrorReason::ChangedMeanwhile => Code::Aborted,
        ErrorReason::DeviceThrottled | ErrorReason::Overloaded => Code::ResourceExhausted,
        ErrorReason::DeadlinePassed => Code::DeadlineExceeded,
        ErrorReason::RegisterUnavailable => Code::Unavailable,
        // Unspecified is never sent; whoever asks for it has a fault.
        ErrorReason::InternalFault | ErrorReason::Unspecified => Code::Internal,
        ErrorReason::RpcUnknown => Code::Unimplemented,
        ErrorReason::RequestTooLarge => Code::OutOfRange,
    }
}

/// A status with exactly one `ErrorInfo`, and a `RetryInfo` when `retry_after` is given. The text is cut
/// at [`TEXT_BYTES_MAX`], each value at [`METADATA_VALUE_BYTES_MAX`]. Keys are lowerCamelCase.
#[must_use]
pub fn status(
    reason: ErrorReason,
    text: &str,
    metadata: &[(&str, String)],
    retry_after: Option<Duration>,
) -> Status {
    let name = reason.as_str_name();
    let metadata: HashMap<String, String> = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), cut(value, METADATA_VALUE_BYTES_MAX).to_owned()))
        .collect();
    let mut details = ErrorDetails::with_error_info(
        name.strip_prefix("ERROR_REASON_").unwrap_or(name),
        ERROR_DOMAIN,
        metadata,
    );
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    Status::with_error_details(code(reason), cut(text, TEXT_BYTES_MAX), details)
}

/// The first `bytes_max` bytes of a text, or a little less where a character would be split.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_fault() -> Vec<Fault> {
        vec![
            Fault::field("card_number", "1 to 64 characters"),
            Fault::RequestIdReused { field: "request_id" },
            Fault::DeviceUnknown,
            Fault::DeviceRevoked,
            Fault::RpcForbidden { rpc: "LoanService.Checkout".into() },
            Fault::FieldForbidden { field: "age_limits".into() },
            Fault::DeviceThrottled { retry_after: Some(Duration::from_secs(30)) },
            Fault::Overloaded { retry_after: None },
            Fault::DeadlinePassed,
            Fault::RegisterUnavailable { retry_after: None },
            Fault::InternalFault { trace_id: "0190c1f2".into() },
            Fault::EnrolmentRefused,
            Fault::RpcUnknown,
            Fault::RequestTooLarge,
            Fault::DeskOnly,
            Fault::StaffSessionUnknown,
            Fault::SignInRefused,
            Fault::PasswordChangeRequired,
            Fault::UndertakingRequired,
            Fault::DutyForbidden { rpc: "PatronService.GetPatron" },
            Fault::PurposeForbidden { rpc: "PatronService.GetPatron", purposes: "customer-service".into() },
            Fault::NotFound { what: "patron" },
            Fault::Duplicate { field: "card_number" },
            Fault::RuleBroken { rule: "a use ban ends within 30 days" },
            Fault::ChangedMeanwhile,
        ]
    }

    /// The code that the comment of the enum value in the contract names.
    fn documented_code(number: i32) -> Code {
        use prost::Message as _;
        let set = prost_types::FileDescriptorSet::decode(kortisto::FILE_DESCRIPTOR_SET).unwrap();
        let file =
            set.file.iter().find(|file| file.name().ends_with("common/v1/error_reason.proto")).unwrap();
        let index = file.enum_type[0].value.iter().position(|value| value.number() == number).unwrap();
        let path = [5, 0, 2, i32::try_from(index).unwrap()];
        let info = file.source_code_info.as_ref().unwrap();
        let comment = info.location.iter().find(|location| location.path == path).unwrap();
        let text = comment.leading_comments();
        let name: String = text
            .split("Status ")
            .nth(1)
            .unwrap()
            .chars()
            .take_while(|c| c.is_ascii_uppercase() || *c == '_')
            .collect();
        (0..17).map(Code::from_i32).find(|code| screaming(*code) == name).unwrap()
    }

    fn screaming(code: Code) -> String {
        let mut name = String::new();
        for c in format!("{code:?}").chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(c.to_ascii_uppercase());
        }
        name
    }

    #[test]
    fn every_reason_of_the_contract_has_a_fault_with_the_documented_code() {
        let faults = every_fault();
        for number in 1.. {
            let Ok(reason) = ErrorReason::try_from(number) else { break };
            let fault = faults.iter().find(|fault| fault.reason() == reason);
            let fault = fault.unwrap_or_else(|| panic!("no fault gives {reason:?}"));
            let status = Status::from(fault.clone());
            assert_eq!(status.code(), documented_code(number), "{reason:?}");
        }
        assert_eq!(faults.len(), 25, "a new reason needs a fault in this test");
    }

    #[test]
    fn a_status_has_one_error_info_and_retry_info_only_where_a_retry_helps() {
        for fault in every_fault() {
            let status = Status::from(fault.clone());
            let details = status.get_error_details();
            let info = details.error_info().expect("an ErrorInfo");
            assert_eq!(info.domain, "kortisto");
            assert_eq!(format!("ERROR_REASON_{}", info.reason), fault.reason().as_str_name());
            assert!(status.get_error_details_vec().len() <= 2, "{fault:?}");
            let retries = matches!(status.code(), Code::ResourceExhausted | Code::Unavailable);
            assert_eq!(details.retry_info().is_some(), retries, "{fault:?}");
            assert!(!status.message().is_empty() && status.message().len() <= TEXT_BYTES_MAX);
        }
    }

    #[test]
    fn a_device_that_staff_must_release_gets_no_retry_info() {
        let status = Status::from(Fault::DeviceThrottled { retry_after: None });
        let details = status.get_error_details();
        assert!(details.retry_info().is_none());
        assert_eq!(details.error_info().unwrap().metadata["staffRelease"], "true");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let status = Status::from(Fault::field("ä".repeat(5000), "ö".repeat(5000)));
        assert!(status.message().len() <= TEXT_BYTES_MAX);
        assert!(status.details().len() < 1700, "{}", status.details().len());
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["field"].len(), METADATA_VALUE_BYTES_MAX);
    }
}
