//! `cargo xtask lint`: everything that can be said without running the code.

use crate::{
    advisories,
    problem::{Outcome, Problem},
    run::{Project, is_on_path, locked, note, output, step},
    test,
    tools::CARGO_DENY,
};
use std::fs;

/// Checks formatting, scripts, contract, dependencies, code and documentation, the quick ones first. A check
/// that fails does not keep the others from telling theirs.
pub(crate) fn run(project: &Project) -> Outcome {
    let checks = [formatting, shell_scripts, test::contract, dependencies, code, documentation];
    let outcomes = checks.map(|check| check(project));
    let problems: Vec<_> =
        outcomes.into_iter().filter_map(Result::err).map(|problem| problem.to_string()).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problem::new(problems.join("\n"))) }
}

fn formatting(project: &Project) -> Outcome {
    step("formatting", &mut project.cargo(&["fmt", "--all", "--check"]))
}

fn code(project: &Project) -> Outcome {
    let mut clippy = project.cargo(&["clippy", "--workspace", "--all-targets", "--all-features"]);
    step("code", clippy.args(locked()).args(["--", "-D", "warnings"]))
}

fn documentation(project: &Project) -> Outcome {
    let mut documentation = project.cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    step("documentation", documentation.args(locked()).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Licences, bans and sources, which need no network, and known vulnerabilities where a database is at hand.
fn dependencies(project: &Project) -> Outcome {
    CARGO_DENY.ensure(project)?;
    let mut check = project.cargo(&["deny", "--workspace"]);
    step("dependencies", check.args(locked()).args(["check", "bans", "licenses", "sources"]))?;
    advisories::check(project)
}

fn shell_scripts(project: &Project) -> Outcome {
    let tracked = output(project.command("git").args(["ls-files"]))?;
    let is_script = |path: &&str| {
        let start = fs::read(project.root().join(path)).unwrap_or_default();
        [b"#!/bin/sh".as_slice(), b"#!/bin/bash", b"#!/usr/bin/env bash"]
            .iter()
            .any(|shebang| start.starts_with(shebang))
    };
    let scripts: Vec<&str> = tracked.lines().filter(is_script).collect();
    if scripts.is_empty() {
        return Ok(());
    }
    if !is_on_path("shellcheck") {
        note("shellcheck is not installed: the shell scripts are not checked");
        return Ok(());
    }
    step("shell scripts", project.command("shellcheck").args(scripts))
}
