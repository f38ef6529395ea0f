//! What is recorded of places.

use super::UnknownCode;
use serde::{Deserialize, Serialize};

codes! {
    /// What a branch is.
    BranchKind {
        /// A library.
        Library = 1 "library",
        /// A bookmobile.
        Bookmobile = 2 "bookmobile",
        /// Lockers that stand by themselves.
        Lockers = 3 "lockers",
    }
}

codes! {
    /// How the last character of a card number is checked.
    CheckDigit {
        /// Not at all.
        None = 1 "none",
        /// Modulo 10, every second digit doubled from the right (ISO/IEC 7812, 14-digit Codabar).
        Modulo10 = 2 "modulo-10",
        /// Modulo 43 over the characters of Code 39.
        Modulo43 = 3 "modulo-43",
    }
}
