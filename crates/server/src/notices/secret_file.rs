//! Secrets that stand in files of their own: the password of the mail server, the key of the webhook.

use super::NoticesFault;
use secrecy::SecretString;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Longest secret, in bytes.
pub(super) const SECRET_BYTES_MAX: usize = 1024;

/// Reads a secret: one line, without its end.
pub(super) fn read(path: &Path) -> Result<SecretString, NoticesFault> {
    let fault = |error| NoticesFault::File { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(fault)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(NoticesFault::TooOpen { path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(fault)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    let fits = (1..=SECRET_BYTES_MAX).contains(&secret.len()) && !secret.contains(['\r', '\n']);
    if fits { Ok(secret.into()) } else { Err(NoticesFault::NoSecret { path: path.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_is_one_line_that_nobody_else_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let long = "x".repeat(SECRET_BYTES_MAX + 1);
        for (text, mode, expected) in [
            ("hunter2\n", 0o600, Some("hunter2")),
            ("hunter2", 0o400, Some("hunter2")),
            ("with blanks \r\n", 0o600, Some("with blanks ")),
            ("hunter2\n", 0o640, None),
            ("\n", 0o600, None),
            ("two\nlines\n", 0o600, None),
            (long.as_str(), 0o600, None),
        ] {
            let _ = fs::remove_file(&path);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let found = read(&path);
            assert_eq!(found.as_ref().ok().map(ExposeSecret::expose_secret), expected, "{mode:o}");
            if let Err(fault) = found {
                assert!(!fault.to_string().contains("hunter2"));
            }
        }
        assert!(matches!(read(&folder.path().join("none")), Err(NoticesFault::File { .. })));
    }
}
