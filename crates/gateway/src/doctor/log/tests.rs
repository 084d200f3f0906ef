//! Logs that are well and logs that are not.

use std::sync::Arc;

use super::*;
use logmetrics_core::rules::load;

#[track_caller]
fn judged(log: &str) -> Vec<Finding> {
    let examiner = Examiner::new(&load(&[]).unwrap().set).unwrap();
    let origin = Origin {
        source: Arc::from("gw.log"),
        file: Arc::from("gw.log"),
    };
    examiner
        .read(io::Cursor::new(log.to_owned()), &origin)
        .unwrap()
        .findings("gw.log", None, Others::default())
}

fn request(more: &str) -> String {
    format!(
        "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=default/default route=default/a http.status=200 protocol=llm duration=4ms{more}\n"
    )
}

#[test]
fn a_good_log_is_good() {
    let log = request(" http.header.x-user-email=\"a@example.com\"") + &request("");
    let judged = judged(&log);
    assert!(
        judged.iter().all(|one| one.state == LinkState::Ok),
        "{judged:#?}"
    );
    assert_eq!(judged[0].saw, "gw.log: 2 lines, 2 requests, text");
    assert_eq!(
        judged[1].saw,
        "gw.log: 1 of 2 requests name a user, under `http.header.x-user-email` (1)"
    );
}

#[test]
fn a_forged_user_is_none() {
    let forged = "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=default/default route=default/a http.status=200 protocol=llm gen_ai.request.model=m user.email=\"boss@corp.example\" duration=4ms\n";
    let judged = judged(forged);
    assert_eq!(judged[1].state, LinkState::Failed, "{judged:#?}");
}

#[test]
fn what_is_missing_is_said_with_the_next_step() {
    let nobody = judged(&request(""));
    assert_eq!(nobody[1].state, LinkState::Failed);
    assert!(
        nobody[1]
            .next
            .as_ref()
            .unwrap()
            .contains("ENABLE_FORWARD_USER_INFO_HEADERS=true")
    );
    let other = judged(&request(
        " who.mail=\"a@example.com\" http.header.user-agent=\"x\"",
    ));
    assert!(
        other[1].saw.ends_with("there is `who.mail` (1)"),
        "{other:#?}"
    );
    let few = judged(&(request(" user.email=\"a@example.com\"") + &request("").repeat(2)));
    assert_eq!(few[1].state, LinkState::Warning, "{few:#?}");
    let foreign = judged("hello\nworld\n");
    assert_eq!(
        foreign[0].saw,
        "gw.log: 2 lines, and none is what the rules count"
    );
    assert_eq!(judged("")[0].saw, "gw.log is empty");
}

#[test]
fn one_log_without_requests_among_good_ones_is_a_warning() {
    let examiner = Examiner::new(&load(&[]).unwrap().set).unwrap();
    let origin = Origin {
        source: Arc::from("gw.log"),
        file: Arc::from("gw.log"),
    };
    let others = Others {
        are_counted: true,
        quiet: Some(Duration::from_secs(1)),
    };
    let long = Some(Duration::from_secs(100_000));
    for text in ["", "hello\nworld\n"] {
        let seen = examiner.read(io::Cursor::new(text), &origin).unwrap();
        let findings = seen.findings("gw.log", long, others);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].state, LinkState::Warning, "{findings:?}");
        let alone = seen.findings("gw.log", None, Others::default());
        assert_eq!(alone[0].state, LinkState::Failed, "{alone:?}");
    }
}
