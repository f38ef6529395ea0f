//! Tells one build of a test binary from the next, so that a template never outlives its schema.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    time::UNIX_EPOCH,
};

/// A short name for the running executable as it was built: 16 hexadecimal digits that change with every
/// rebuild. Migrations are compiled in, so a template named after it is never older than they are.
///
/// # Errors
/// When the executable cannot be found or its metadata not be read.
pub fn build_fingerprint() -> io::Result<String> {
    let path = env::current_exe()?;
    let metadata = fs::metadata(&path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    (path, metadata.len(), modified).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::build_fingerprint;

    #[test]
    fn is_stable_within_a_build_and_fit_for_a_database_name() {
        let one = build_fingerprint().unwrap();
        assert_eq!(one, build_fingerprint().unwrap());
        assert_eq!(one.len(), 16);
        assert!(one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
