//! The direction of knowledge: who may depend on whom. A new crate needs a line here.

use crate::repository::root;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// Each package of the workspace and the packages of it that it may know.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    (CONTRACT, &[]),
    (DOMAIN, &[]),
    (MIGRATIONS, &[]),
    (VAULT, &[]),
    (STORE, &[DOMAIN, MIGRATIONS]),
    (REGISTER, &[DOMAIN, STORE, VAULT]),
    (SERVER, &[CONTRACT, DOMAIN, MIGRATIONS, REGISTER, STORE, VAULT]),
    (TESTKIT, &[CONTRACT, DOMAIN, MIGRATIONS, REGISTER, SERVER, STORE, VAULT]),
    (TESTS, &[CONTRACT, DOMAIN, MIGRATIONS, REGISTER, SERVER, STORE, TESTKIT, VAULT]),
    (XTASK, &[]),
];

const CONTRACT: &str = "kortisto";
const DOMAIN: &str = "kortisto-domain";
const MIGRATIONS: &str = "kortisto-migrations";
const REGISTER: &str = "kortisto-register";
const SERVER: &str = "kortisto-server";
const STORE: &str = "kortisto-store";
const TESTKIT: &str = "kortisto-testkit";
const TESTS: &str = "kortisto-tests";
const VAULT: &str = "kortisto-vault";
const XTASK: &str = "xtask";

/// How questions travel. Only who answers or asks them over the wire may know.
const WIRE: &[&str] = &["h2", "hyper", "prost", "tonic"];

/// How things are kept.
const DATABASE: &[&str] = &["sea-orm", "sqlx-core"];

/// What waits.
const ASYNCHRONOUS: &[&str] = &["futures-core", "mio", "tokio"];

/// What a package must not reach, not even by way of others.
const MUST_NOT_REACH: [(&str, &[&[&str]]); 6] = [
    (DOMAIN, &[WIRE, DATABASE, ASYNCHRONOUS]),
    (VAULT, &[WIRE, DATABASE]),
    (STORE, &[WIRE]),
    (REGISTER, &[WIRE]),
    (MIGRATIONS, &[WIRE]),
    (XTASK, &[WIRE, DATABASE, ASYNCHRONOUS]),
];

static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        // Without it, crates of other systems would be fetched to be looked at.
        .other_options(["--filter-platform".to_owned(), "x86_64-unknown-linux-gnu".to_owned()])
        .exec()
        .unwrap()
});

fn members() -> BTreeMap<&'static str, &'static Package> {
    METADATA.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect()
}

/// The names that a package depends on for one purpose.
fn dependencies(package: &Package, wanted: impl Fn(DependencyKind) -> bool) -> BTreeSet<&str> {
    let fits = package.dependencies.iter().filter(|dependency| wanted(dependency.kind));
    fits.map(|dependency| dependency.name.as_str()).collect()
}

/// Every package that a package reaches, itself included, without what only its tests need.
fn reached(start: &PackageId) -> BTreeSet<&str> {
    let nodes = &METADATA.resolve.as_ref().unwrap().nodes;
    let nodes: BTreeMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<_, _> =
        METADATA.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(id) = next.pop() {
        if seen.insert(names[id]) {
            let kept = nodes[id].deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            next.extend(kept.map(|dependency| &dependency.pkg));
        }
    }
    seen
}

#[test]
fn every_package_has_its_place() {
    let known: BTreeSet<_> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    assert_eq!(members().into_keys().collect::<BTreeSet<_>>(), known);
}

#[test]
fn knowledge_points_one_way() {
    let members = members();
    for (name, may_know) in MAY_KNOW {
        let Some(package) = members.get(name) else { continue };
        let ours = |names: BTreeSet<&'static str>| -> Vec<_> {
            names.into_iter().filter(|known| members.contains_key(known)).collect()
        };
        for known in ours(dependencies(package, |kind| kind != DependencyKind::Development)) {
            assert!(may_know.contains(&known), "{name} must not depend on {known}");
        }
        for known in ours(dependencies(package, |kind| kind == DependencyKind::Development)) {
            let fits = known == TESTKIT || may_know.contains(&known);
            assert!(fits, "the tests of {name} must not depend on {known}");
        }
    }
}

#[test]
fn lower_rooms_reach_neither_wire_nor_database() {
    let members = members();
    for (name, groups) in MUST_NOT_REACH {
        let reached = reached(&members[name].id);
        assert!(reached.contains(name));
        for forbidden in groups.iter().copied().flatten() {
            assert!(!reached.contains(forbidden), "{name} reaches {forbidden}");
        }
    }
    let server = reached(&members[SERVER].id);
    assert!(server.contains("tonic") && server.contains("sea-orm"), "the search finds nothing at all");
}

#[test]
fn the_contract_brings_a_vendor_no_part_of_the_register() {
    let contract = reached(&members()[CONTRACT].id);
    for forbidden in DATABASE {
        assert!(!contract.contains(forbidden), "the contract reaches {forbidden}");
    }
}

#[test]
fn tasks_build_before_anything_else_does() {
    assert!(members()[XTASK].dependencies.is_empty(), "xtask is plain standard library");
}

#[test]
fn there_is_one_binary_to_run() {
    let members = members();
    let ids = METADATA.workspace_default_members.iter().collect::<BTreeSet<_>>();
    let defaults = members.values().filter(|package| ids.contains(&package.id));
    let binaries: Vec<_> = defaults
        .flat_map(|package| &package.targets)
        .filter(|target| target.is_bin())
        .map(|target| target.name.as_str())
        .collect();
    assert_eq!(binaries, ["kortisto"]);
}
