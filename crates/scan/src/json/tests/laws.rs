//! What holds for any line: the reader finds and refuses what `serde_json` does.

use proptest::prelude::*;
use serde_json::Value;

use super::reference::accepts;
use super::*;

/// Object keys of which the wanted ones can be put together in several ways.
const KEYS: [&str; 11] = [
    "a", "b", "c", "a.b", "b.c", "a.b.c", "é", "", "a\"\\", "0", "a.0",
];

/// A JSON value in which a key may be twice.
#[derive(Debug, Clone)]
enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

fn node() -> impl Strategy<Value = Node> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(&["}", "\"", "\\", "{\"a\":1}", ""][..]).prop_map(Value::from),
    ];
    scalar
        .prop_map(Node::Scalar)
        .prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
                3 => members(inner).prop_map(Node::Object),
            ]
        })
}

fn members(value: impl Strategy<Value = Node>) -> impl Strategy<Value = Vec<(String, Node)>> {
    let key = proptest::sample::select(&KEYS[..]).prop_map(String::from);
    proptest::collection::vec((key, value), 0..6)
}

/// Writes with blanks between, and strings with every character escaped if `style` says so.
fn write(node: &Node, style: u8, out: &mut String) {
    let blank = ["", " ", "\t", " \r\n"][usize::from(style % 4)];
    let string = |text: &str, out: &mut String| {
        if style & 4 == 0 {
            out.push_str(&serde_json::to_string(text).unwrap());
        } else {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            out.push_str(&format!("\"{}\"", units.collect::<String>()));
        }
    };
    match node {
        Node::Scalar(Value::String(text)) => string(text, out),
        Node::Scalar(scalar) => out.push_str(&scalar.to_string()),
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { blank } else { "," });
                write(item, style, out);
                out.push_str(blank);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push_str(&format!("{{{blank}"));
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "," });
                string(key, out);
                out.push_str(&format!("{blank}:{blank}"));
                write(value, style, out);
                out.push_str(blank);
            }
            out.push('}');
        }
    }
}

/// All values at `path`, each with the number of objects around it, as they are written; `null`
/// is none. The whole rest of the path is tried as a key, and each part of it before a dot.
fn lookup<'n>(
    members: &'n [(String, Node)],
    path: &str,
    objects: usize,
    found: &mut Vec<(usize, &'n Node)>,
) {
    for (key, value) in members {
        if key == path && !matches!(value, Node::Scalar(Value::Null)) {
            found.push((objects, value));
        }
        let rest = path
            .strip_prefix(key.as_str())
            .and_then(|rest| rest.strip_prefix('.'));
        match (rest, value) {
            (Some(rest), Node::Object(members)) => lookup(members, rest, objects + 1, found),
            (Some(rest), Node::List(items)) => {
                let length = items.len();
                let items = items.iter().cloned().enumerate().flat_map(|(index, item)| {
                    let from_end = format!("-{}", length - index);
                    [(index.to_string(), item.clone()), (from_end, item)]
                });
                // Leaked, as what is found borrows from it: a few bytes for each case of a test.
                let members = Box::leak(items.collect::<Vec<_>>().into_boxed_slice());
                lookup(members, rest, objects + 1, found);
            }
            _ => {}
        }
    }
}

/// As [`FieldSlot`] has them: strings decoded, all else as it is written; whether it is a string.
fn shown(node: &Node, style: u8) -> (bool, Vec<u8>) {
    if let Node::Scalar(Value::String(text)) = node {
        return (true, text.clone().into_bytes());
    }
    let mut out = String::new();
    write(node, style, &mut out);
    (false, out.into_bytes())
}

const WANTED: [&str; 17] = [
    "a", "a.b", "a.b.c", "b.c", "é", "", ".a", "a\"\\", "a.0", "b.1.a", "a.0.0", "c.2", "a.b.0",
    "a.-1", "b.-2.a", "a.-1.0", "a.0.-1",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn finds_what_a_tree_holds(members in members(node()), style in 0u8..8) {
        let mut line = String::new();
        write(&Node::Object(members.clone()), style, &mut line);
        serde_json::from_str::<Value>(&line).unwrap();
        let slots = read(line.as_bytes(), &keys(&WANTED)).unwrap();
        for (path, slot) in WANTED.iter().zip(&slots) {
            let mut found = Vec::new();
            lookup(&members, path, 1, &mut found);
            let fewest = found.iter().map(|(objects, _)| *objects).min();
            found.retain(|(objects, _)| Some(*objects) == fewest);
            prop_assert_eq!(slot.everywhere, slot.trusted);
            prop_assert_eq!(slot.everywhere.count as usize, found.len(), "{} {}", path, line);
            let (Some((_, first)), Some((_, last))) = (found.first(), found.last()) else {
                continue;
            };
            for (span, node) in [(slot.everywhere.first, first), (slot.everywhere.last, last)] {
                let mut scratch = Vec::new();
                let value = span.decode(line.as_bytes(), &mut scratch).to_vec();
                prop_assert_eq!((span.form != Form::Plain, value), shown(node, style), "{} {}", path, line);
            }
        }
    }

    #[test]
    fn takes_and_refuses_what_serde_json_does(
        members in members(node()),
        style in 0u8..8,
        spoiled in proptest::collection::vec((any::<proptest::sample::Index>(), spoiler(), 0usize..3), 0..3),
    ) {
        let mut line = String::new();
        write(&Node::Object(members), style, &mut line);
        let mut line = line.into_bytes();
        for (at, bytes, replaced) in spoiled {
            let at = at.index(line.len() + 1);
            let end = (at + replaced).min(line.len());
            line.splice(at..end, bytes);
        }
        let found = read(&line, &keys(&WANTED));
        prop_assert_eq!(found.is_some(), accepts(&line), "{}", line.escape_ascii());
    }

    /// What was learned from the lines before, for these keys and for others, changes nothing.
    #[test]
    fn lines_are_read_as_if_each_was_the_first(
        lines in proptest::collection::vec((members(node()), 0u8..8, spoiler(), 0usize..60), 1..8),
        others in proptest::collection::vec(any::<bool>(), 8),
    ) {
        let (wanted, few) = (keys(&WANTED), keys(&["b", "a.b"]));
        let mut slots = Slots::default();
        for ((members, style, spoiled, at), other) in lines.into_iter().zip(others) {
            let mut line = String::new();
            write(&Node::Object(members), style, &mut line);
            let mut line = line.into_bytes();
            if at < line.len() {
                line.splice(at..at, spoiled);
            }
            let keys = if other { &few } else { &wanted };
            slots.clear(keys);
            let object = super::super::read(&line, keys, &mut slots);
            prop_assert_eq!(object.then(|| slots.all()), read(&line, keys), "{}", line.escape_ascii());
        }
    }

    /// The same where a program's lines are much alike: what is usual of them is read by a shorter way.
    #[test]
    fn lines_of_one_program_are_read_as_if_each_was_the_first(
        members in proptest::collection::vec((proptest::sample::select(&PROGRAM[..]), value()), 1..14),
        changes in proptest::collection::vec(
            (any::<proptest::sample::Index>(), spoiler(), 0usize..3, value()),
            1..8,
        ),
    ) {
        let wanted = keys(&PROGRAM[1..]);
        let mut slots = Slots::default();
        let line_of = |members: &[(&str, String)]| {
            let members = members.iter().map(|(key, value)| format!("{key:?}:{value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        for (place, spoiled, removed, value) in changes {
            let mut other = members.clone();
            let member = place.index(members.len());
            other[member].1 = value;
            let other = line_of(&other);
            let mut broken = other.clone().into_bytes();
            let start = place.index(broken.len());
            let end = broken.len().min(start + removed);
            broken.splice(start..end, spoiled);
            for line in [line_of(&members).as_bytes(), other.as_bytes(), &broken] {
                slots.clear(&wanted);
                let object = super::super::read(line, &wanted, &mut slots);
                prop_assert_eq!(object.then(|| slots.all()), read(line, &wanted), "{}", line.escape_ascii());
            }
        }
    }

    #[test]
    fn takes_any_bytes(line in proptest::collection::vec(spoiler(), 0..20)) {
        let line = [&b"{"[..], &line.concat()].concat();
        prop_assert_eq!(read(&line, &keys(&WANTED)).is_some(), accepts(&line), "{}", line.escape_ascii());
    }
}

/// Keys of all lengths that are compared in different ways, the first of which nobody wants.
const PROGRAM: [&str; 8] = [
    "level",
    "a",
    "route",
    "http.status",
    "http.header.x-user",
    "gen_ai.usage.output_tokens!!",
    "gen_ai.usage.output_tokens!!!",
    "http.header.x-openwebui-user-email",
];

/// A value as programs write it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "\"[a-z0-9/.@ =é]{0,40}\"",
        1 => "\"[a-z\\\\\"\u{1}]{0,20}\"",
        4 => "[0-9]{1,9}",
        1 => "-?[0-9]{0,9}(\\.[0-9]{0,3})?([eE][0-9+-]{0,2})?",
        1 => proptest::sample::select(&["null", "true", "{}", "[1,\"a\"]", "{\"a\":1}", ""][..])
            .prop_map(String::from),
    ]
}

fn spoiler() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 28] = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "\\ud800",
        "\"a\":",
        "\"a.b\":{",
        "0",
        "1",
        "-",
        ".",
        "e5",
        "E+",
        "1e999",
        "true",
        "null",
        "nul",
        " ",
        "\n",
        "\u{1}",
        "\u{1f}",
        "\u{7f}",
        "",
    ];
    prop_oneof![
        9 => proptest::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..3),
    ]
}
