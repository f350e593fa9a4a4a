//! Find libhmm: in HMM_LIB_DIR, or where pkg-config says that it is installed, or where the linker looks by itself.

use std::env;
use std::process::Command;

fn pkg_config_dir() -> Option<String> {
    let out = Command::new("pkg-config").args(["--variable=libdir", "hmm"]).output().ok()?;
    let dir = String::from_utf8(out.stdout).ok()?.trim().to_string();
    (out.status.success() && !dir.is_empty()).then_some(dir)
}

fn main() {
    println!("cargo:rerun-if-env-changed=HMM_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if let Some(dir) = env::var("HMM_LIB_DIR").ok().or_else(pkg_config_dir) {
        println!("cargo:rustc-link-search=native={dir}");
    }
    let kind = if env::var_os("CARGO_FEATURE_STATIC").is_some() { "static" } else { "dylib" };
    println!("cargo:rustc-link-lib={kind}=hmm");
}
