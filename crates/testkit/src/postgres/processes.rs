//! Signals to a server with all its processes. Each has a process group of its own, so they are found by
//! their parent.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Sends a signal to every child of `parent`. One that has just ended is no error.
pub(super) fn signal_children(parent: Pid, signal: Signal) {
    for child in children(parent) {
        _ = kill_process(child, signal);
    }
}

/// The processes whose parent is `parent`, now.
fn children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .filter(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            parent_in(&stat) == Some(parent)
        })
        .collect()
}

/// The parent in a line of `/proc/<pid>/stat`. The second field, the name, may hold anything, so the
/// fields are counted from its closing bracket.
fn parent_in(stat: &str) -> Option<Pid> {
    let (_, rest) = stat.rsplit_once(") ")?;
    Pid::from_raw(rest.split(' ').nth(1)?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::{children, parent_in};
    use rustix::process::{Pid, getpid};
    use std::process::Command;

    #[test]
    fn a_name_with_brackets_does_not_hide_the_parent() {
        assert_eq!(parent_in("12 (odd) R 7) S 34 12 12 0"), Pid::from_raw(34));
        assert_eq!(parent_in("12 (gone"), None);
    }

    #[test]
    fn finds_a_child_of_ours() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        assert!(children(getpid()).contains(&Pid::from_child(&child)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
