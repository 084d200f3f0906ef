//! End-to-end tests: the built program, from outside, as its users meet it. One binary, so that it
//! links once. How to add a test: tests/README.md.

#![allow(clippy::unwrap_used)] // a test that cannot go on says so by panicking

/// TLS, passwords and tokens: who may come in, and what happens when certificates change.
mod access;
/// The sample logs of a real agentgateway give the counts of an independent reading, in whatever
/// compose, docker, Kubernetes or a terminal wraps them.
mod agentgateway;
/// `check`: rules that are right pass, rules that are wrong are pointed at, all at once.
mod check;
/// Thousands who connect and say nothing or nonsense: reading goes on, health answers.
mod crowd;
/// `doctor`: the chain from the front end to Prometheus, and the next step where it is broken.
mod doctor;
/// `test --update`: what comes out becomes what is expected, and nothing else of a file changes.
mod expectations;
/// `explain`: why a line is not counted as meant; and nothing counts 0 in silence.
mod explain;
/// Numbers times a lookup table: tokens times prices, in metrics, `explain` and reports.
mod factors;
/// Kills, rotations and full disks at random moments: each line is counted, and counted once.
mod faults;
/// Several files at once: the page is that of one file after the other.
mod files;
/// Scratch folders, runs, daemons: what the other modules are written with.
mod fixture;
/// `fmt`: rules files in one form; what is no rules file is left alone.
mod fmt;
/// Every way a log is rotated, replaced, piped or late: each line is counted, and counted once.
mod follow;
/// Lines that nobody would write on purpose: the program stays calm and its page valid.
mod hostile;
/// Jaeger's spans count like lines: complete and once, whatever its service does.
mod jaeger;
/// `lines`: the lines behind a series, as many as it counts.
mod lines;
/// Programs of mtail count what mtail counted, by rules and by its own command line.
mod mtail;
/// Records of several lines: each whole and once, over kills, rotations and repeated history.
mod multiline;
/// What goes wrong around a daemon: littered folders of rules, too few descriptors.
mod one_instant;
mod operation;
/// What tools write before a line: known prefixes are taken off, others are pointed out.
mod prefixes;
/// All that is published is right: the pages' code blocks, the rules we ship, the examples.
mod published;
/// The program's own log: a few lines, whatever happens how often.
mod quiet;
/// New rules while everything runs: nothing is lost, wrong ones change nothing.
mod reload;
/// Standard input that repeats its history after a restart.
mod replay;
/// `report`: its numbers are those of the metrics, whatever holds the lines and however it is written.
mod report;
/// Rotated and compressed files: wherever they are and whatever they are called.
mod rotated;
/// The rules language: its reference and its schema are what the program prints, their examples hold.
mod rules_language;
/// HTTP as scrapers and orchestrators use it, and the end of a daemon's life.
mod serve;
/// Environment variables as settings of every subcommand, and mistyped subcommands.
mod settings;
/// Standard error that fails or that nobody reads: counting goes on.
mod standard_error;
/// `--state`: a restart loses nothing and repeats nothing.
mod state;
/// `suggest`: for every log there are rules that hold and count.
mod suggest;
/// `report --by team` and `--per month`: whose cost it is, and when.
mod teams;
/// The written laws of the source tree, enforced.
mod tidy;
/// The command line: help, mistakes and their messages, environment variables.
mod usage;
/// Numbers as programs write them: with units, in words, in other forms.
mod values;
/// Not tests: the sample log as compose, docker, Kubernetes and terminals would show it.
mod wrapping;
/// What scrapers are shown of new series: zero first, and then their values.
mod zero_start;
