//! `fmt`: rules files in one form; what is no rules file is left alone.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::fixture::{Run, Scratch, repository};

const UNFORMATTED: &str = "[[rule]]\n\nmetric=[{counter=\"a_total\"}]\nmatch=\"\\\\d\" # why\n";
const FORMATTED: &str = "[[rule]]\nmatch = '\\d'  # why\nmetric = [{ counter = \"a_total\" }]\n";

fn fmt() -> Run {
    Run::new().arg("fmt")
}

#[test]
fn files_and_folders_are_formatted_where_they_are() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", UNFORMATTED);
    std::fs::set_permissions(&rules, PermissionsExt::from_mode(0o640)).unwrap();
    std::fs::create_dir(scratch.path("more")).unwrap();
    scratch.write("more/a.toml", UNFORMATTED);
    scratch.write("more/b.toml", FORMATTED);
    scratch.write("more/p.mtail", "counter x\n");
    symlink("a.toml", scratch.path("more/link.toml")).unwrap();
    let run = fmt().arg(&rules).arg(scratch.path("more")).go().success();
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr.matches("formatted ").count(),
        3 - 1,
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("more: 1 program of mtail passed over"),
        "{}",
        run.stderr
    );
    for name in ["rules.toml", "more/a.toml", "more/b.toml", "more/link.toml"] {
        assert_eq!(
            std::fs::read_to_string(scratch.path(name)).unwrap(),
            FORMATTED,
            "{name}"
        );
    }
    let mode = rules.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let link = scratch.path("more/link.toml").symlink_metadata().unwrap();
    assert!(link.is_symlink());
    assert_eq!(
        std::fs::read(scratch.path("more/p.mtail")).unwrap(),
        b"counter x\n"
    );
    // A second run has nothing to do.
    let run = fmt()
        .arg(&rules)
        .arg(scratch.path("more/a.toml"))
        .go()
        .success();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}

#[test]
fn a_check_prints_what_would_change_and_changes_nothing() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", UNFORMATTED);
    let run = fmt().arg("--check").arg(&rules).go().code(1);
    for line in [
        "--- ",
        "+++ ",
        "-metric=[{counter=",
        "+match = '\\d'  # why",
    ] {
        assert!(
            run.stdout.lines().any(|one| one.starts_with(line)),
            "{line}: {}",
            run.stdout
        );
    }
    run.says(&["1 file of 1 is not formatted"]);
    assert_eq!(std::fs::read_to_string(&rules).unwrap(), UNFORMATTED);
    fmt().arg(&rules).go().success();
    let run = fmt().arg("--check").arg(&rules).go().success();
    assert_eq!(run.stdout, "");
    run.says(&["all files are formatted"]);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let run = fmt().arg("-").stdin(UNFORMATTED).go().success();
    assert_eq!(run.stdout, FORMATTED);
    fmt().args("--check -").stdin(UNFORMATTED).go().code(1);
}

#[test]
fn what_is_no_rules_file_is_named_with_its_place() {
    let scratch = Scratch::new();
    let wrong = scratch.write("wrong.toml", "[[rule]]\nmatch = 'a\n");
    let right = scratch.write("right.toml", UNFORMATTED);
    let run = fmt().arg(&wrong).arg(&right).go().code(2);
    run.says(&["wrong.toml:2:", "^", "formatted "]);
    assert_eq!(std::fs::read(&wrong).unwrap(), b"[[rule]]\nmatch = 'a\n");
    assert_eq!(std::fs::read_to_string(&right).unwrap(), FORMATTED);
    let program = scratch.write("p.mtail", "counter x\n");
    fmt().arg(program).go().success().says(&["passed over"]);
    fmt()
        .arg(scratch.path("none.toml"))
        .go()
        .code(1)
        .says(&["cannot read"]);
    fmt()
        .arg("builtin:nginx")
        .go()
        .code(2)
        .says(&["in the program"]);
    fmt().go().code(2).says(&["FILE|FOLDER"]);
}

#[test]
fn rules_that_are_shipped_are_formatted() {
    let run = fmt().arg("--check").arg(repository("rules")).go().success();
    run.says(&["all files are formatted"]);
}

#[test]
fn our_own_rules_and_examples_are_formatted() {
    let run = fmt().arg("--check").arg(repository("rules"));
    let run = run.arg(repository("examples")).go();
    assert_eq!(run.success().stdout, "");
}
