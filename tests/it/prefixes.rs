//! What tools write before a line: known prefixes are taken off, others are pointed out.

use crate::fixture::{Run, Scratch, repository};

#[test]
fn every_published_prefix_is_taken_off() {
    let folder = repository("tests/data/prefixes");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "log") {
            continue;
        }
        files += 1;
        let counted = Run::new().arg("--once").arg(&path).go().success();
        for user in ["t@x.org", "j@x.org"] {
            let series = format!(
                "requests_by_user{{route=\"default/r\",status=\"200\",user_email=\"{user}\"}}"
            );
            assert_eq!(counted.page().value(&series), Some(1.0), "{path:?} {user}");
        }
        let page = counted.page();
        assert_eq!(page.sum("requests_by_user"), 2.0, "{path:?}");
    }
    assert_eq!(files, 5);
}

#[test]
fn an_unknown_prefix_is_named() {
    let scratch = Scratch::new();
    let request = r#"{"time":"2026-11-23T14:51:29.183611Z","scope":"request","route":"a"}"#;
    let text = "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=a/b route=a";
    let log = format!("stage-7>> {request}\nstage-7>> {text}\nsomething else\n");
    let log = scratch.write("app.log", log);
    let words = "it looks like a request behind an unknown prefix";
    let explained = Run::new().arg("explain").arg(&log).go().success();
    assert_eq!(
        explained.stdout.matches(words).count(),
        2,
        "{}",
        explained.stdout
    );
    assert!(
        explained.stdout.contains("comes after `stage-7>> `"),
        "{}",
        explained.stdout
    );
    let doctor = Run::new().arg("doctor").arg(&log).go();
    let said = format!("{}{}", doctor.stdout, doctor.stderr);
    let found = "2 lines look like requests behind an unknown prefix, such as `stage-7>> `";
    assert!(said.contains(found), "{said}");
    let daemon = Run::new().arg(&log).start();
    daemon.until(|page| page.value("logmetrics_lines_unmatched_total") == Some(3.0));
    let page = daemon.get("/").text().to_owned();
    assert_eq!(page.matches(words).count(), 2, "{page}");
    daemon.stop();
}
