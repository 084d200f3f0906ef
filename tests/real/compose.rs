//! docker-compose as users have it, with a container that replays the sample log as the gateway.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::docker::{client, image, replay_image, succeed, unique};
use crate::fixture::{Run, Scratch, repository, text, wait_for};

/// A project of docker-compose, taken down when the test ends.
struct Project {
    scratch: Scratch,
    name: String,
}

impl Project {
    /// A project with this `docker-compose.yml`.
    fn new(name: &str, file: &str) -> Self {
        let scratch = Scratch::new();
        scratch.write("docker-compose.yml", file);
        Project {
            scratch,
            name: unique(name),
        }
    }

    /// docker-compose with arguments, as a plugin of docker where it is one.
    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = compose();
        command
            .arg("--project-name")
            .arg(&self.name)
            .arg("--file")
            .arg(self.scratch.path("docker-compose.yml"))
            .args(arguments)
            // Where a script runs in a folder with an .env file, that is not ours.
            .current_dir(self.scratch.path(""));
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> String {
        succeed(&mut self.compose(arguments))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self
            .compose(&["down", "--volumes", "--timeout", "0"])
            .output();
    }
}

/// `docker compose`, or the older `docker-compose`.
fn compose() -> Command {
    let plugin = Command::new("docker").args(["compose", "version"]).output();
    if plugin.is_ok_and(|output| output.status.success()) {
        let mut command = Command::new("docker");
        command.arg("compose");
        command
    } else {
        Command::new("docker-compose")
    }
}

#[test]
#[ignore = "needs a docker engine and docker-compose"]
fn the_pipe_of_the_first_screen() {
    let file = format!(
        "services:\n  agentgateway:\n    image: {}\n    command: [/text.log]\n  \
         other:\n    image: {}\n    command: [/json.log]\n",
        replay_image(),
        replay_image()
    );
    let project = Project::new("pipe", &file);
    project.run(&["up", "--detach"]);
    for arguments in [
        &["logs", "--follow", "agentgateway"][..],
        &["logs", "--follow", "--timestamps", "agentgateway"],
    ] {
        let mut logs = project
            .compose(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Run::new().stdin_from(logs.stdout.take().unwrap()).start();
        daemon.until(|page| page.sum("requests_by_user") == 398.0);
        daemon.stop();
        let _ = logs.kill();
        let _ = logs.wait();
    }
}

#[test]
#[ignore = "needs a docker engine and docker-compose"]
fn the_example_is_accepted() {
    succeed(
        compose()
            .arg("--file")
            .arg(example("docker-compose.yml"))
            .arg("config"),
    );
}

#[test]
#[ignore = "needs a docker engine and docker-compose"]
fn the_example_counts_with_a_replayed_gateway() {
    let mut file = text("examples/compose/docker-compose.yml");
    // The gateway and our image are replaced, ports are left to docker; all else is as published.
    for (published, here) in [
        (gateway_image(&file).as_str(), replay_image()),
        ("[\"-f\", \"/etc/agentgateway/config.yaml\"]", "[/json.log]"),
        ("    build: ../..\n", ""),
        ("image: logmetrics\n", &format!("image: {}\n", image())),
        ("\"3000:3000\"", "\"3000\""),
        ("\"127.0.0.1:3903:3903\"", "\"127.0.0.1::3903\""),
    ] {
        assert!(file.contains(published), "{published}");
        file = file.replace(published, here);
    }
    let project = Project::new("example", &file);
    for name in ["agentgateway.yaml", "prometheus.yml"] {
        std::fs::copy(example(name), project.scratch.path(name)).unwrap();
    }
    let root = succeed(Command::new("docker").args(["info", "-f", "{{.DockerRootDir}}"]));
    succeed(
        project
            .compose(&["up", "--detach", "logmetrics", "agentgateway"])
            .env("DOCKER_ROOT", root),
    );
    let container = wait_for(crate::fixture::PATIENCE, || {
        Some(project.run(&["ps", "--quiet", "logmetrics"])).filter(|id| !id.is_empty())
    });
    let client = client(&container.unwrap());
    // Other containers of this engine may log lines of the gateway's form too, so: at least.
    client.until(|page| page.sum("requests_by_user") >= 398.0);
}

fn example(name: &str) -> std::path::PathBuf {
    repository("examples/compose").join(Path::new(name))
}

/// The gateway's image as the example names it.
fn gateway_image(file: &str) -> String {
    let image = file.split("image: ").nth(1).unwrap();
    image.lines().next().unwrap().to_owned()
}
