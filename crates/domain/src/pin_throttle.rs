//! May this PIN be verified at all?
//!
//! Two budgets stand before every verification: one of the card ([`CardThrottle`]), one of the device
//! ([`DeviceBudget`]). Both are plain states. The caller loads them, asks, and commits the new state
//! before it verifies; so parallel guesses cannot outrun the count, and a crash after the verification
//! cannot lose it. What a refusal looks like from outside is one answer for all: wrong PIN.

mod card;
mod device;

pub use card::{
    Admission, CardThrottle, Charge, FAILURES_UNTIL_DISABLED, KNOWN_DEVICE_DAYS, KNOWN_DEVICE_TRIES,
    Presented, known_device_tries_left,
};
pub use device::{
    DeviceAdmission, DeviceBudget, FAILING_CARDS_PER_DAY_MAX, FAILURE_WINDOW_SECONDS,
    FAILURES_PER_WINDOW_MAX, PLATFORM_FACTOR,
};
