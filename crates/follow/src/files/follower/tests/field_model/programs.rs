//! What may happen to a log, and how it is named and written.

use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(super) enum Action {
    Write(usize),
    /// The first part of a record, or a further one.
    WritePart,
    /// The file grows by so many records whose bytes come later.
    Reserve(usize),
    /// The bytes of one of them come.
    Fill(usize),
    Rotate,
    CopyTruncate,
    Pack(usize),
    /// The link leads to another file, in another folder or the same; the one before stays where it is.
    SwingLink(bool),
    /// The folder is moved away and made again. What was in it was read and saved.
    MoveFolder,
    /// A copy under one of many names.
    Copy(usize),
    Look,
    Save,
    Pass,
    Kill,
    Stop,
    /// A kill after which the file system has another device number.
    Reboot,
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..20_usize).prop_map(Action::Write),
        3 => Just(Action::WritePart),
        1 => (1..4_usize).prop_map(Action::Reserve),
        3 => (0..9_usize).prop_map(Action::Fill),
        3 => Just(Action::Rotate),
        1 => Just(Action::CopyTruncate),
        2 => (0..8_usize).prop_map(Action::Pack),
        2 => any::<bool>().prop_map(Action::SwingLink),
        1 => Just(Action::MoveFolder),
        1 => (0..7_usize).prop_map(Action::Copy),
        4 => Just(Action::Look),
        3 => Just(Action::Save),
        1 => Just(Action::Pass),
        3 => Just(Action::Kill),
        1 => Just(Action::Stop),
        1 => Just(Action::Reboot),
    ]
}

/// How the name leads to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    None,
    Relative,
    Absolute,
    Chain,
    Folder,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Cri,
    Docker,
    /// Records of several lines.
    Lines,
}

impl Form {
    pub(super) fn line(self, text: &str, is_whole: bool) -> String {
        let time = "2026-11-27T10:00:00.123456789Z";
        match self {
            Form::Plain | Form::Lines => format!("{text}\n"),
            Form::Cri => format!(
                "{time} stdout {} {text}\n",
                if is_whole { "F" } else { "P" }
            ),
            Form::Docker => {
                let end = if is_whole { "\\n" } else { "" };
                format!("{{\"log\":\"{text}{end}\",\"stream\":\"stdout\",\"time\":\"{time}\"}}\n")
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    pub(super) argument: &'static str,
    pub(super) link: Link,
    pub(super) form: Form,
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let arguments = [
        "logs/x.log",
        "logs/x.log*",
        "logs/*",
        "logs/*.log",
        "**/x.log",
        "l*/x*",
    ];
    let links = [
        Link::None,
        Link::Relative,
        Link::Absolute,
        Link::Chain,
        Link::Folder,
    ];
    (
        prop::sample::select(arguments.to_vec()),
        prop::sample::select(links.to_vec()),
        prop::sample::select(vec![Form::Plain, Form::Cri, Form::Docker, Form::Lines]),
    )
        .prop_map(|(argument, link, form)| World {
            argument,
            link,
            form,
        })
}
