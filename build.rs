//! Tells the binary which commit and compiler it was built with, for `--version` and `build_info`.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=LOGMETRICS_REVISION");
    println!("cargo::rerun-if-changed=build.rs");
    for path in ["HEAD", "logs/HEAD"] {
        // A path that does not exist would make every build a new one.
        if let Some(path) = git(&["rev-parse", "--git-path", path])
            && std::path::Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    // A container build has no .git folder and passes the variable instead.
    let revision = std::env::var("LOGMETRICS_REVISION")
        .ok()
        .filter(|revision| !revision.is_empty())
        .or_else(|| git(&["rev-parse", "--short=12", "HEAD"]))
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=LOGMETRICS_REVISION={revision}");

    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(Command::new(compiler).arg("--version"));
    println!(
        "cargo::rustc-env=LOGMETRICS_RUSTC={}",
        version.unwrap_or_default()
    );
}

fn git(arguments: &[&str]) -> Option<String> {
    output(Command::new("git").args(arguments))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}
