//! Compiles `proto/` to Rust without a protoc on the machine, and keeps the descriptor set:
//! reflection serves it and the coverage tests walk it.

use prost::Message as _;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut files = Vec::new();
    for package in ["proto/kortisto/common/v1", "proto/kortisto/device/v1", "proto/kortisto/staff/v1"] {
        for entry in fs::read_dir(package)? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let descriptors = protox::compile(&files, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("kortisto.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().skip_debug(SECRETS).compile_fds(descriptors)?;
    Ok(())
}

/// Messages that carry a PIN, a token or a person: printing one by accident must not compile.
const SECRETS: [&str; 0] = [];
