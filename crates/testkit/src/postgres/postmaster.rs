//! A server process: started, asked to stop, killed, frozen. All of it blocks.

use super::{
    account::Account, binaries::Binaries, directory::Directory, error::Error, pid_file::PidFile,
    processes::signal_children, settings::Settings,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    io,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to come up. It recovers from a crash within this too.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a server may take to stop in order.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How often a state is looked at while waiting for it.
const POLL: Duration = Duration::from_millis(10);

/// Ports tried at first start: between finding a free one and using it, somebody else may take it.
const PORT_ATTEMPTS_MAX: usize = 5;

/// A server over one data directory. It keeps its port for life.
#[derive(Debug)]
pub(super) struct Postmaster {
    directory: Directory,
    binaries: Binaries,
    account: Account,
    settings: Settings,
    port: u16,
    child: Option<Child>,
}

impl Postmaster {
    /// Starts a server on a free port and waits until it takes connections.
    pub(super) fn launch(
        directory: Directory,
        binaries: Binaries,
        account: Account,
        settings: Settings,
    ) -> Result<Self, Error> {
        let mut server = Self { directory, binaries, account, settings, port: 0, child: None };
        let mut attempt = 1;
        loop {
            server.port = free_port()?;
            match server.start() {
                Err(Error::Server { .. }) if attempt < PORT_ATTEMPTS_MAX => attempt += 1,
                outcome => return outcome.map(|()| server),
            }
        }
    }

    /// Where it listens, or listened.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again on its port. Does nothing when it runs.
    pub(super) fn start(&mut self) -> Result<(), Error> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(self.directory.log())?;
        let data = self.directory.data();
        let mut command = self.account.command(&self.binaries.program("postgres"));
        command.current_dir(&data).arg("-D").arg(&data);
        command.args(self.settings.arguments()).arg(format!("--port={}", self.port));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn()?);
        self.await_ready()
    }

    fn await_ready(&mut self) -> Result<(), Error> {
        let data = self.directory.data();
        let deadline = Instant::now() + START_LIMIT;
        while let Some(child) = self.child.as_mut() {
            // After a kill the old file stays until the new server writes its own.
            let own = |file: &PidFile| file.pid == Pid::from_child(child);
            if PidFile::read(&data).filter(own).is_some_and(|file| file.ready) {
                return Ok(());
            }
            if child.try_wait()?.is_some() {
                self.child = None;
            } else if Instant::now() > deadline {
                self.kill();
            }
            thread::sleep(POLL);
        }
        Err(Error::Server { what: "start", log: self.directory.log_tail() })
    }

    /// Asks it to roll everybody back and end, and kills it when it does not.
    pub(super) fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Ends it in the way that costs least: what it keeps is thrown away.
    pub(super) fn discard(&mut self) {
        self.end(Signal::QUIT);
    }

    fn end(&mut self, request: Signal) {
        self.thaw();
        if let Some(child) = self.child.as_mut() {
            _ = kill_process(Pid::from_child(child), request);
            let deadline = Instant::now() + STOP_LIMIT;
            while Instant::now() < deadline {
                if let Ok(Some(_)) = child.try_wait() {
                    self.child = None;
                    return;
                }
                thread::sleep(POLL);
            }
            self.kill();
        }
    }

    /// Kills every process of it at once, as a power cut would.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = Pid::from_child(&child);
            // Stopped, it can no longer make children that would be missed.
            _ = kill_process(pid, Signal::STOP);
            signal_children(pid, Signal::KILL);
            _ = kill_process(pid, Signal::KILL);
            _ = child.wait();
        }
    }

    /// Stops every process of it where it stands; its connections stay open and say nothing.
    pub(super) fn freeze(&mut self) {
        if let Some(child) = &self.child {
            let pid = Pid::from_child(child);
            _ = kill_process(pid, Signal::STOP);
            signal_children(pid, Signal::STOP);
        }
    }

    /// Lets it go on after [`Postmaster::freeze`].
    pub(super) fn thaw(&mut self) {
        if let Some(child) = &self.child {
            let pid = Pid::from_child(child);
            signal_children(pid, Signal::CONT);
            _ = kill_process(pid, Signal::CONT);
        }
    }
}

/// A port of loopback that nobody listens on now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
