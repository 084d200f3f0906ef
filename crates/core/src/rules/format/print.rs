//! Items as text.

use super::items::{Group, Item, Member, Value};

/// What the lines of a list are indented by.
const INDENT: &str = "  ";

/// The file, whose lines end in `end`.
pub(super) fn text(items: &[Item], end: &str) -> String {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if needs_blank(items, at) && !out.is_empty() {
            out.push_str(end);
        }
        match item {
            // Those that are wanted were written before what comes after them.
            Item::Blank => continue,
            Item::Comment(comment) => out.push_str(comment),
            Item::Header(header) => {
                out.push_str(&header.text);
                trailing(header.comment.as_deref(), &mut out);
            }
            Item::Entry(entry) => {
                out.push_str(&entry.key);
                out.push_str(" = ");
                let mut printer = Printer { out: &mut out, end };
                printer.value(&entry.value, 0);
                trailing(entry.comment.as_deref(), &mut out);
            }
        }
        out.push_str(end);
    }
    out
}

/// Whether a blank line is before this item.
fn needs_blank(items: &[Item], at: usize) -> bool {
    let before = || items.get(..at).unwrap_or_default().iter().rev();
    let is_after_blank = matches!(before().next(), Some(Item::Blank));
    match items.get(at) {
        None | Some(Item::Blank) => false,
        Some(Item::Entry(_)) => {
            is_after_blank && !matches!(before().find(is_content), Some(Item::Header(_)))
        }
        Some(Item::Header(_)) => {
            is_after_blank || !matches!(before().next(), Some(Item::Comment(_)))
        }
        Some(Item::Comment(_)) => {
            let after = items.get(at..).unwrap_or_default();
            let next = after.iter().find(|item| !matches!(item, Item::Comment(_)));
            // The first one of those before a header.
            let is_first = !matches!(before().next(), Some(Item::Comment(_)));
            let is_before_header = is_first && matches!(next, Some(Item::Header(_)));
            let is_after_header = matches!(before().find(is_content), Some(Item::Header(_)));
            is_before_header || (is_after_blank && !is_after_header)
        }
    }
}

fn is_content(item: &&Item) -> bool {
    !matches!(item, Item::Blank)
}

fn trailing(comment: Option<&str>, out: &mut String) {
    if let Some(comment) = comment {
        out.push_str("  ");
        out.push_str(comment);
    }
}

struct Printer<'o> {
    out: &'o mut String,
    end: &'o str,
}

impl Printer<'_> {
    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Plain(text) => self.out.push_str(text),
            Value::List(group) => self.group(group, ("[", "]", ""), depth),
            Value::Table(group) => self.group(group, ("{", "}", " "), depth),
        }
    }

    fn group(&mut self, group: &Group, (open, close, space): (&str, &str, &str), depth: usize) {
        self.out.push_str(open);
        if group.members.is_empty() && group.end.is_empty() {
            return self.out.push_str(close);
        }
        if group.is_long {
            self.long(group, depth);
        } else {
            self.out.push_str(space);
            for (at, member) in group.members.iter().enumerate() {
                self.out.push_str(if at == 0 { "" } else { ", " });
                self.member(member, depth);
            }
            self.out.push_str(space);
        }
        self.out.push_str(close);
    }

    /// A group over several lines: lines break where they did.
    fn long(&mut self, group: &Group, depth: usize) {
        for (at, member) in group.members.iter().enumerate() {
            if member.after_blank {
                self.out.push_str(self.end);
            }
            for comment in &member.before {
                self.line(depth + 1);
                self.out.push_str(comment);
            }
            match at == 0 || member.begins_line || !member.before.is_empty() {
                true => self.line(depth + 1),
                false => self.out.push(' '),
            }
            self.member(member, depth + 1);
            self.out.push(',');
            trailing(member.comment.as_deref(), self.out);
        }
        for comment in &group.end {
            self.line(depth + 1);
            self.out.push_str(comment);
        }
        self.line(depth);
    }

    fn member(&mut self, member: &Member, depth: usize) {
        if let Some(key) = &member.key {
            self.out.push_str(key);
            self.out.push_str(" = ");
        }
        self.value(&member.value, depth);
    }

    fn line(&mut self, depth: usize) {
        self.out.push_str(self.end);
        for _ in 0..depth {
            self.out.push_str(INDENT);
        }
    }
}
