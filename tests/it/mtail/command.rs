//! mtail's own command line: flags, pages, and what happens to wrong programs.

use crate::fixture::{Run, Scratch};

const COUNT: &str = "counter lines by k\n/^(\\S+)/ {\n  lines[$1]++\n}\n";

#[test]
fn mtail_moves_with_its_command_line() {
    let scratch = Scratch::new();
    scratch.write("progs/count.mtail", COUNT);
    scratch.write("progs/broken.mtail", "counter x\n/(/ {\n}\n");
    scratch.write("progs/README", "not a program");
    scratch.write("a.log", "old\n");
    let daemon = Run::new()
        .args("-logtostderr -poll_interval 250ms -address 127.0.0.1 -port 0 -progs")
        .arg(scratch.path("progs"))
        .arg("-logs")
        .arg(format!(
            "{},{}",
            scratch.path("a.log").display(),
            scratch.path("b.log").display()
        ))
        .start();
    // It follows from the end, but reads new files whole. Where the end is, the first look says.
    daemon.until_ready();
    scratch.append("a.log", "new\n");
    scratch.append("b.log", "other\n");
    daemon.until(|page| page.value("lines{k=\"new\",prog=\"count.mtail\"}") == Some(1.0));
    daemon.until(|page| page.value("lines{k=\"other\",prog=\"count.mtail\"}") == Some(1.0));
    let page = daemon.metrics();
    assert_eq!(page.value("lines{k=\"old\",prog=\"count.mtail\"}"), None);
    assert_eq!(page.value("mtail_lines_total"), Some(2.0));
    let of_log = format!(
        "mtail_log_lines_total{{logfile=\"{}\"}}",
        scratch.path("a.log").display()
    );
    assert_eq!(page.value(&of_log), Some(1.0));
    assert_eq!(
        page.value("mtail_prog_loads_total{prog=\"count.mtail\"}"),
        Some(1.0)
    );
    assert_eq!(
        page.value("mtail_prog_load_errors_total{prog=\"broken.mtail\"}"),
        Some(1.0)
    );
    for (path, words) in [
        ("/json", "\"Name\": \"lines\""),
        ("/varz", "lines{k=new,prog=count.mtail,instance="),
        ("/graphite", "count.mtail.lines.k.new 1 "),
        ("/progz", "count.mtail"),
        ("/progz?prog=count.mtail", "counter lines"),
    ] {
        let answer = daemon.get(path);
        let text = answer.text();
        assert!(text.contains(words), "{path}: {text}");
    }
    daemon.stop();
}

#[test]
fn one_shot_prints_and_ends() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", COUNT);
    let log = scratch.write("a.log", "x\nx\n");
    let run = |more: &str| {
        let run = Run::new().arg(format!("--progs={}", program.display()));
        run.arg(format!("--logs={}", log.display())).args(more).go()
    };
    let json = run("-one_shot").success();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["lines"][0]["LabelValues"][0]["Value"]["Value"], 2);
    let text = run("-one_shot -one_shot_format=prometheus -emit_prog_label=false").success();
    assert_eq!(text.sorted("lines"), ["lines{k=\"x\"} 2"]);
    run("-one_shot -one_shot_format=xml").code(1).says(&["xml"]);
    run("-no_such_flag").code(2).says(&["-no_such_flag"]);
    let help = run("-help").success();
    assert!(help.stdout.contains("-progs PATH"));
}

#[test]
fn wrong_programs_end_what_only_compiles() {
    let scratch = Scratch::new();
    scratch.write("progs/broken.mtail", "counter x\n/(/ {\n}\n");
    scratch.write("progs/count.mtail", COUNT);
    let run = Run::new().arg("-progs").arg(scratch.path("progs"));
    let run = run.arg("-compile_only").go().code(1);
    run.says(&["broken.mtail:2:1"]);
    let good = scratch.write("count.mtail", COUNT);
    let run = Run::new().arg("-compile_only").arg("-progs").arg(&good);
    run.go().success();
}

#[test]
fn a_broken_version_leaves_the_old_one_running() {
    let scratch = Scratch::new();
    scratch.write("progs/count.mtail", COUNT);
    scratch.write("progs/other.mtail", COUNT.replace("lines", "others"));
    scratch.write("a.log", "x\n");
    let daemon = Run::new()
        .args("--from start -address 127.0.0.1 -port 0 -progs")
        .arg(scratch.path("progs"))
        .arg("-logs")
        .arg(scratch.path("a.log"))
        .start();
    daemon.until(|page| page.value("lines{k=\"x\",prog=\"count.mtail\"}") == Some(1.0));
    scratch.write("progs/count.mtail", "counter lines by\n");
    let errors = "mtail_prog_load_errors_total{prog=\"count.mtail\"}";
    daemon.until(|page| page.value(errors) == Some(1.0));
    scratch.append("a.log", "x\n");
    daemon.until(|page| page.value("lines{k=\"x\",prog=\"count.mtail\"}") == Some(2.0));
    daemon.until(|page| page.value("others{k=\"x\",prog=\"other.mtail\"}") == Some(2.0));
    daemon.stop();
}

#[test]
fn lines_that_stop_a_program_are_counted() {
    let scratch = Scratch::new();
    scratch.write("p.mtail", "counter c\n/(\\d+)/ {\n  c += 1 / $1\n}\n");
    scratch.write("a.log", "0\n1\n0\n");
    let daemon = Run::new()
        .args("--from start -address 127.0.0.1 -port 0 -progs")
        .arg(scratch.path("p.mtail"))
        .arg("-logs")
        .arg(scratch.path("a.log"))
        .start();
    daemon.until(|page| page.value("c{prog=\"p.mtail\"}") == Some(1.0));
    let errors = "mtail_prog_runtime_errors_total{prog=\"p.mtail\"}";
    daemon.until(|page| page.value(errors) == Some(2.0));
    daemon.stop();
}

#[test]
fn files_are_ignored_by_their_names() {
    let scratch = Scratch::new();
    scratch.write("p.mtail", COUNT);
    scratch.write("l/a.log", "a\n");
    scratch.write("l/a.old.log", "old\n");
    let run = Run::new().arg("-progs").arg(scratch.path("p.mtail"));
    let run = run.arg("-logs").arg(scratch.path("l/*.log"));
    let run = run.args("-one_shot -one_shot_format prometheus");
    let run = run.args("-ignore_filename_regex_pattern \\.old").go();
    assert_eq!(
        run.success().sorted("lines"),
        ["lines{k=\"a\",prog=\"p.mtail\"} 1"]
    );
}
