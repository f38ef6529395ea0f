//! What a server tells about itself in `postmaster.pid`.

use rustix::process::Pid;
use std::{fs, path::Path};

/// Lines of the file, by their place.
const PID_LINE: usize = 0;
const PORT_LINE: usize = 3;
const STATUS_LINE: usize = 7;

/// A server as its own file describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PidFile {
    /// The process that all others descend from.
    pub(super) pid: Pid,
    /// Where it listens.
    pub(super) port: u16,
    /// Whether it takes connections.
    pub(super) ready: bool,
}

impl PidFile {
    /// Reads the file of a data directory. `None` while there is none or it is incomplete.
    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: Pid::from_raw(lines.get(PID_LINE)?.parse().ok()?)?,
            port: lines.get(PORT_LINE)?.parse().ok()?,
            ready: lines.get(STATUS_LINE).is_some_and(|status| *status == "ready"),
        })
    }

    /// Whether that process still is the server of this data directory: after a crash the file stays, and
    /// its number may be somebody else's by now.
    pub(super) fn is_running(&self, data: &Path) -> bool {
        let command_line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        command_line.split(|byte| *byte == 0).any(|argument| argument == data.as_os_str().as_encoded_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::PidFile;
    use std::path::Path;

    #[test]
    fn reads_a_ready_server() {
        let text = "4711\n/tmp/x/data\n1763800000\n40001\n\n127.0.0.1\n  1234 5\nready   \n";
        let file = PidFile::parse(text).unwrap();
        assert_eq!((file.pid.as_raw_nonzero().get(), file.port, file.ready), (4711, 40_001, true));
    }

    #[test]
    fn a_server_that_starts_is_not_ready_and_half_a_file_is_none() {
        assert!(!PidFile::parse("4711\n/d\n1\n40001\n\n127.0.0.1\n1 5\nstarting\n").unwrap().ready);
        assert!(PidFile::parse("4711\n/d\n").is_none());
        assert!(PidFile::parse("").is_none());
    }

    #[test]
    fn somebody_elses_process_is_not_the_server() {
        let text = format!("{}\n/d\n1\n40001\n\n\n\nready\n", std::process::id());
        assert!(!PidFile::parse(&text).unwrap().is_running(Path::new("/d")));
    }
}
