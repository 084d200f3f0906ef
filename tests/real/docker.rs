//! The image, built from the static binary that `STATIC_BINARY` names and run by a real docker engine.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::fixture::{Client, PATIENCE, Scratch, repository, wait_for};

/// The most bytes that the image may have.
const IMAGE_BYTES_MAX: u64 = 16_500_000;

/// Runs docker and gives what it printed.
#[track_caller]
pub fn docker(arguments: &[&str]) -> String {
    succeed(Command::new("docker").args(arguments))
}

/// Runs a command that must succeed, and gives what it printed.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success(),
        "{command:?}: {status}\n{}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap().trim().to_owned()
}

/// Names that no other run of the tests uses.
pub fn unique(name: &str) -> String {
    format!("logmetrics-test-{}-{name}", std::process::id())
}

/// Calls docker when the test ends, however that ends, to remove what it made.
pub struct Remove(Vec<String>);

impl Remove {
    pub fn later(arguments: &[&str]) -> Self {
        Remove(arguments.iter().map(ToString::to_string).collect())
    }
}

impl Drop for Remove {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(&self.0).output();
    }
}

/// Builds an image from a folder with the classic builder, which every engine has.
#[track_caller]
fn build(tag: &str, folder: &Scratch, arguments: &[&str]) {
    succeed(
        Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .args(["build", "--quiet", "--tag", tag])
            .args(arguments)
            .arg(folder.path("")),
    );
}

/// The tag of our image, built once.
pub fn image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let binary = std::env::var_os("STATIC_BINARY").map(PathBuf::from);
        let binary = binary.expect("STATIC_BINARY names a static binary; .ci/run builds one");
        let folder = Scratch::new();
        std::fs::copy(binary, folder.path("logmetrics")).unwrap();
        let dockerfile = repository("Dockerfile").display().to_string();
        let tag = "logmetrics-test";
        build(
            tag,
            &folder,
            &[
                "--file",
                &dockerfile,
                "--target",
                "prebuilt",
                "--build-arg",
                "BINARY=logmetrics",
            ],
        );
        tag.to_owned()
    })
}

/// The tag of an image whose only program replays `/sample.log`, built once.
pub fn replay_image() -> &'static str {
    static IMAGE: OnceLock<String> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let folder = Scratch::new();
        succeed(
            Command::new("rustc")
                .args(["-O", "-C", "target-feature=+crt-static", "-o"])
                .arg(folder.path("replay"))
                .arg(repository("tests/real/replay.rs")),
        );
        for name in ["text", "json"] {
            let sample = repository(&format!("tests/data/agentgateway/{name}.log"));
            std::fs::copy(sample, folder.path(&format!("{name}.log"))).unwrap();
        }
        folder.write(
            "Dockerfile",
            "FROM scratch\nCOPY replay text.log json.log /\nENTRYPOINT [\"/replay\"]\n",
        );
        let tag = "logmetrics-test-replay";
        build(tag, &folder, &[]);
        tag.to_owned()
    })
}

/// A client of a container's port 3903, once it answers.
#[track_caller]
pub fn client(container: &str) -> Client {
    let published = docker(&["port", container, "3903/tcp"]);
    let client = Client::new(format!("http://{}", published.lines().next().unwrap()));
    let answered = wait_for(PATIENCE, || client.try_request("GET", "/healthz", &[]).ok());
    assert!(answered.is_some(), "{}", docker(&["logs", container]));
    client
}

#[test]
#[ignore = "needs a docker engine"]
fn the_image_is_small_and_nobodys() {
    let inspect = |what| docker(&["image", "inspect", "--format", what, image()]);
    let bytes: u64 = inspect("{{.Size}}").parse().unwrap();
    println!("the image has {bytes} bytes");
    assert!(bytes < IMAGE_BYTES_MAX, "{bytes} bytes");
    assert_eq!(inspect("{{.Config.User}}"), "65532:65532");
    assert!(docker(&["run", "--rm", image(), "--version"]).starts_with("logmetrics "));
}

#[test]
#[ignore = "needs a docker engine"]
fn a_container_turns_healthy_and_stops_at_once() {
    let name = unique("health");
    let _remove = Remove::later(&["rm", "--force", &name]);
    docker(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--read-only",
        "--health-interval",
        "1s",
        image(),
        "/var/log/gateway/*.log",
    ]);
    let healthy = wait_for(PATIENCE, || {
        let format = "{{.State.Health.Status}}";
        (docker(&["inspect", "--format", format, &name]) == "healthy").then_some(())
    });
    assert!(healthy.is_some(), "{}", docker(&["inspect", &name]));
    docker(&["stop", "--time", "5", &name]);
    let code = docker(&["inspect", "--format", "{{.State.ExitCode}}", &name]);
    assert_eq!(code, "0", "137 is a kill after five seconds");
}

#[test]
#[ignore = "needs a docker engine"]
fn a_sidecar_counts_what_a_shared_volume_holds() {
    let [volume, gateway, sidecar] = ["volume", "gateway", "sidecar"].map(unique);
    // Removed in the opposite order: containers first.
    let _volume = Remove::later(&["volume", "rm", "--force", &volume]);
    let _containers = Remove::later(&["rm", "--force", &gateway, &sidecar]);
    docker(&["volume", "create", &volume]);
    docker(&[
        "run",
        "--detach",
        "--name",
        &sidecar,
        "--read-only",
        "--publish",
        "127.0.0.1::3903",
        "--volume",
        &format!("{volume}:/logs:ro"),
        image(),
        "/logs/*.log",
    ]);
    let client = client(&sidecar);
    docker(&[
        "run",
        "--detach",
        "--name",
        &gateway,
        "--volume",
        &format!("{volume}:/logs"),
        replay_image(),
        "/text.log",
        "/logs/gateway.log",
    ]);
    let page = client.until(|page| page.sum("requests_by_user") == 398.0);
    assert_eq!(
        page.value("logmetrics_lines_total{source=\"/logs/*.log\"}"),
        Some(529.0)
    );
}

#[test]
#[ignore = "needs a docker engine"]
fn a_single_mounted_file_is_followed_through_copytruncate_kills_and_renames() {
    let name = unique("mounted");
    let folder = Scratch::new();
    let sample = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    let log = folder.write("gateway.log", &sample);
    let state = folder.path("state");
    std::fs::create_dir(&state).unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&state, everybody).unwrap();
    let _remove = Remove::later(&["rm", "--force", &name]);
    docker(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--publish",
        "127.0.0.1::3903",
        "--volume",
        &format!("{}:/logs/gateway.log:ro", log.display()),
        "--volume",
        &format!("{}:/state", state.display()),
        image(),
        "--state",
        "/state/state.db",
        "/logs/gateway.log",
    ]);
    let counts = |times: f64| {
        client(&name).until(|page| page.sum("requests_by_user") == times * 398.0);
    };
    counts(1.0);
    // The copy is not to be seen in the container.
    std::fs::copy(&log, folder.path("gateway.log.1")).unwrap();
    folder.truncate("gateway.log");
    // The same bytes again, before anybody looks, would be nothing new.
    let next = [&b"another log\n"[..], &sample].concat();
    folder.append("gateway.log", next);
    counts(2.0);
    docker(&["kill", &name]);
    folder.append("gateway.log", &sample);
    docker(&["start", &name]);
    counts(3.0);
    // The container holds the renamed file, and so does its writer.
    folder.rotate("gateway.log", "gateway.log.2");
    folder.append("gateway.log.2", &sample);
    counts(4.0);
    // A long content that was counted before would be the same file, put back.
    folder.write("gateway.log", [&b"one more log\n"[..], &sample].concat());
    docker(&["restart", "--time", "5", &name]);
    counts(5.0);
}
