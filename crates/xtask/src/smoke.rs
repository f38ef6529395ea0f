//! `cargo xtask smoke`: what a newcomer does, done by a machine: the demo, and a client that is not ours.

use crate::{
    problem::{Outcome, Problem},
    run::{Project, is_on_path, locked, output, step},
    tools::install_packages,
};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The port of the demo's device endpoint; enrolment has the next one.
const PORT: u16 = 27443;

/// What the demo prints once it serves on.
const SERVES_ON: &str = "The register serves on";

/// How long the demo may take to get there.
const DEMO_SECONDS_MAX: u64 = 120;

/// Aino of the demo's library, the item she may borrow and the one that her hold waits for.
const PATRON: [&str; 8] =
    ["--card", "153A0000001", "--pin", "2749", "--item", "153N0000001", "--held-item", "153N0000003"];

/// Builds the server, plays the demo on an empty folder and lets a Python client ask it.
pub(crate) fn run(project: &Project) -> Outcome {
    let mut build = project.cargo(&["build", "--package", "kortisto-server", "--bin", "kortisto"]);
    step("the server", build.args(locked()))?;
    let folder = project.root().join("target/smoke");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let python = python(project)?;
    let kortisto = binary(project)?;
    let demo = Demo::start(project, &kortisto, &folder.join("demo"))?;
    step("check", demo.kortisto(project, &kortisto).arg("check"))?;
    let code = |name: &str, kind: &str| {
        let mut enroll = demo.kortisto(project, &kortisto);
        enroll.args(["device", "enroll", name, "--kind", kind, "--branch", "keskus"]);
        output(&mut enroll).map(|code| code.trim().to_owned())
    };
    let (kiosk, door) = (code("python-kiosk", "self-checkout")?, code("python-door", "door")?);
    let mut client = project.command(&python);
    client
        .arg("tests/python/client.py")
        .args(["--devices", &format!("localhost:{PORT}"), "--enrolment", &format!("localhost:{}", PORT + 1)])
        .arg("--authority")
        .arg(demo.folder.join("authority.pem"))
        .args(["--kiosk-code", &kiosk, "--door-code", &door, "--door-pin", "2749", "--resource", "main-door"])
        .args(PATRON)
        .arg("--renew");
    step("a Python client", &mut client)?;
    demo.stop()
}

/// The server, wherever this build puts it.
fn binary(project: &Project) -> Outcome<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project.root().join("target"), PathBuf::from);
    let binary = target.join("debug/kortisto");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(Problem::new(format!("{} was not built", binary.display())))
    }
}

/// A Python with what the client needs, in a folder of its own that stays for the next time.
fn python(project: &Project) -> Outcome<PathBuf> {
    if !is_on_path("python3") {
        install_packages(project, &["python3", "python3-venv"], "Python")?;
    }
    let folder = project.root().join("target/python");
    let python = folder.join("bin/python");
    if !folder.join("ready").exists() {
        let make =
            |project: &Project| step("Python", project.command("python3").args(["-m", "venv"]).arg(&folder));
        if make(project).is_err() {
            install_packages(project, &["python3-venv"], "Python's venv")?;
            make(project)?;
        }
        let mut pip = project.command(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        step("Python packages", pip.args(["-r", "tests/python/requirements.txt"]))?;
        fs::write(folder.join("ready"), "")?;
    }
    Ok(python)
}

/// The demo, serving on.
struct Demo {
    child: Child,
    folder: PathBuf,
}

impl Demo {
    fn start(project: &Project, kortisto: &Path, folder: &Path) -> Outcome<Self> {
        let mut command = project.command(kortisto);
        command.args(["demo", "--port", &PORT.to_string(), "--data"]).arg(folder);
        eprintln!("\n=== the demo: kortisto demo");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines =
            BufReader::new(child.stdout.take().ok_or_else(|| Problem::new("the demo has no output"))?);
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                eprintln!("    {line}");
                if line.starts_with(SERVES_ON) {
                    let _ = tell.send(());
                }
            }
        });
        let demo = Self { child, folder: folder.to_owned() };
        told.recv_timeout(Duration::from_secs(DEMO_SECONDS_MAX))
            .map_err(|_| Problem::new("the demo did not get to the end of its play"))?;
        Ok(demo)
    }

    /// A command beside the running server.
    fn kortisto(&self, project: &Project, kortisto: &Path) -> Command {
        let mut command = project.command(kortisto);
        command.arg("--config").arg(self.folder.join("kortisto.toml"));
        command
    }

    /// Stops it as an operator does, and looks at how it ends.
    fn stop(mut self) -> Outcome {
        output(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Problem::new(format!("the demo ended with {status}"))) }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // After a failure; after `stop` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
