//! `cargo xtask lint`: everything that can be said without running the code.

use crate::{
    advisories,
    problem::Outcome,
    run::{Project, is_on_path, locked, note, output, step},
    test,
    tools::CARGO_DENY,
};
use std::fs;

/// Checks formatting, code, documentation, contract, dependencies and scripts, the quick ones first.
pub(crate) fn run(project: &Project) -> Outcome {
    step("formatting", &mut project.cargo(&["fmt", "--all", "--check"]))?;
    shell_scripts(project)?;
    test::contract(project)?;
    dependencies(project)?;
    let mut clippy = project.cargo(&["clippy", "--workspace", "--all-targets", "--all-features"]);
    step("code", clippy.args(locked()).args(["--", "-D", "warnings"]))?;
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
