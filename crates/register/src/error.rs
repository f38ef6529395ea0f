//! Why the register cannot answer. A refusal is an answer and not in here.

use crate::{Rpc, StaffRpc};
use kortisto_store::{StoreError, lane::LaneError};
use std::time::Duration;

/// A fault of the caller or of the system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The certificate belongs to no device in force.
    #[error("the certificate belongs to no device")]
    DeviceUnknown,
    /// The device has been revoked.
    #[error("the device has been revoked")]
    DeviceRevoked,
    /// This kind of device may not call this rpc.
    #[error("a device of this kind may not call {rpc:?}")]
    RpcForbidden {
        /// What it called.
        rpc: Rpc,
    },
    /// This kind of device may not set this field.
    #[error("a device of this kind may not set {field}")]
    FieldForbidden {
        /// The field, as in the contract.
        field: &'static str,
    },
    /// A field that only the state of the register shows to be wrong.
    #[error("{field}: {rule}")]
    FieldInvalid {
        /// The field, as in the contract.
        field: &'static str,
        /// What would be right.
        rule: String,
    },
    /// The request id stands for another request, or the order id for another payment.
    #[error("the id was used for another request")]
    RequestIdReused {
        /// The field that carries the id.
        field: &'static str,
    },
    /// Too many failed PINs at this device.
    #[error("too many failed PINs at this device")]
    DeviceThrottled {
        /// When it may ask again; none when staff must release it.
        retry_after: Option<Duration>,
    },
    /// A one-time code that is unknown, used or too old.
    #[error("the enrolment code is unknown, used or too old")]
    EnrolmentRefused,
    /// Only a desk may call this.
    #[error("only a desk may call this")]
    DeskOnly,
    /// Nobody is signed in with this token at this desk.
    #[error("nobody is signed in with this token at this desk")]
    StaffSessionUnknown,
    /// The user name or the password is wrong, or the account is shut or locked.
    #[error("the user name or the password is wrong, or the account is shut or locked")]
    SignInRefused,
    /// The password was given by somebody else and has to be changed first.
    #[error("the password has to be changed first")]
    PasswordChangeRequired,
    /// The confidentiality undertaking has to be given first (A117).
    #[error("the confidentiality undertaking has to be given first")]
    UndertakingRequired,
    /// No duty of the account allows this.
    #[error("no duty of the account allows {rpc:?}")]
    DutyForbidden {
        /// What it called.
        rpc: StaffRpc,
    },
    /// The purpose is missing, or none that this may be called for.
    #[error("the purpose is missing or does not allow {rpc:?}")]
    PurposeForbidden {
        /// What it called.
        rpc: StaffRpc,
    },
    /// There is no such thing.
    #[error("there is no such {what}")]
    NotFound {
        /// What is missing, for example `patron`.
        what: &'static str,
    },
    /// There is one already.
    #[error("{field}: there is one already")]
    AlreadyExists {
        /// The field that would have to be another one, as in the contract.
        field: &'static str,
    },
    /// A rule of the register stands against it.
    #[error("a rule stands against it: {rule}")]
    RuleBroken {
        /// The rule, and what would be right.
        rule: &'static str,
    },
    /// Somebody else changed it since it was read.
    #[error("somebody else changed it meanwhile")]
    ChangedMeanwhile,
    /// More work than may be queued.
    #[error("more work than may be queued")]
    Overloaded {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The deadline passed; the outcome is unknown.
    #[error("the deadline passed")]
    DeadlinePassed,
    /// The database does not answer, or the server is stopping; the outcome is unknown.
    #[error("the database does not answer")]
    Unavailable,
    /// A fault of the register itself.
    #[error("a fault of the register: {0}")]
    Internal(&'static str),
}

/// When to ask again after a full queue: one turn is over by then.
const OVERLOADED_RETRY: Duration = Duration::from_millis(200);

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DeadlinePassed => Self::DeadlinePassed,
            StoreError::Unavailable
            | StoreError::OutcomeUnknown
            | StoreError::Busy
            | StoreError::Conflict => Self::Unavailable,
            error => {
                // The store's errors carry no row values, so this line may be read by anybody.
                tracing::error!(error = %error, "the store failed");
                Self::Internal("the store failed")
            }
        }
    }
}

impl From<LaneError<StoreError>> for RegisterError {
    fn from(error: LaneError<StoreError>) -> Self {
        match error {
            LaneError::Busy => Self::Overloaded { retry_after: OVERLOADED_RETRY },
            LaneError::Stopping => Self::Unavailable,
            LaneError::Panicked => Self::Internal("an operation panicked"),
            LaneError::DeadlinePassed => Self::DeadlinePassed,
            LaneError::Failed(error) => error.into(),
        }
    }
}

impl From<kortisto_vault::VaultBusy> for RegisterError {
    fn from(busy: kortisto_vault::VaultBusy) -> Self {
        Self::Overloaded { retry_after: busy.retry_after }
    }
}

impl kortisto_store::Retryable for RegisterError {
    fn retryable(&self) -> bool {
        // Work that answers a request id looks for its remembered answer first, so it may begin anew
        // also when the outcome of its COMMIT is not known.
        matches!(self, Self::Unavailable)
    }
}
