//! Holds only the suite; see `suite/`.
