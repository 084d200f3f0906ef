//! Scopes: which name means what, and where.

use std::collections::{HashMap, HashSet};

/// What a name can be declared as; the same name may be declared once as each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    Metric,
    Constant,
    Decorator,
}

/// A capture group: the site that matches, and the group's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    pub site: usize,
    pub group: usize,
}

/// What a search for a capture group finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Capture(Capture),
    Nothing,
    /// A pattern on the way has an error: it may have had this group.
    Unclear,
}

#[derive(Debug, Default)]
struct Scope {
    parent: Option<usize>,
    /// Where the decorator says `next`: its captures are seen too, before those of the parent.
    decorator: Option<usize>,
    names: HashMap<(Sort, String), usize>,
    captures: HashMap<String, Capture>,
    /// Numbers of groups that have a name too.
    named: HashSet<String>,
    is_unclear: bool,
}

/// All scopes of a program; the first is the outermost.
#[derive(Debug)]
pub struct Scopes {
    all: Vec<Scope>,
    pub current: usize,
}

impl Default for Scopes {
    fn default() -> Self {
        Scopes {
            all: vec![Scope::default()],
            current: 0,
        }
    }
}

impl Scopes {
    /// Opens a scope in the current one.
    pub fn open(&mut self) {
        self.open_in(self.current, None);
    }

    pub fn open_in(&mut self, parent: usize, decorator: Option<usize>) {
        self.all.push(Scope {
            parent: Some(parent),
            decorator,
            ..Scope::default()
        });
        self.current = self.all.len() - 1;
    }

    /// Declares a name in the current scope; gives what has the name there already.
    pub fn declare(&mut self, sort: Sort, name: &str, number: usize) -> Option<usize> {
        let scope = self.all.get_mut(self.current)?;
        let key = (sort, name.to_owned());
        if let Some(known) = scope.names.get(&key) {
            return Some(*known);
        }
        scope.names.insert(key, number);
        None
    }

    pub fn find(&self, sort: Sort, name: &str) -> Option<usize> {
        let key = (sort, name.to_owned());
        let mut at = Some(self.current);
        while let Some(scope) = at.and_then(|at| self.all.get(at)) {
            if let Some(number) = scope.names.get(&key) {
                return Some(*number);
            }
            at = scope.parent;
        }
        None
    }

    /// All visible names of a sort, for suggestions.
    pub fn names(&self, sort: Sort) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = Some(self.current);
        while let Some(scope) = at.and_then(|at| self.all.get(at)) {
            let here = scope.names.keys().filter(|(known, _)| *known == sort);
            names.extend(here.map(|(_, name)| name.as_str()));
            at = scope.parent;
        }
        names
    }

    /// Makes a group known by its number, and by its name where it has one.
    pub fn define_capture(&mut self, name: Option<String>, capture: Capture) {
        let Some(scope) = self.all.get_mut(self.current) else {
            return;
        };
        let number = capture.group.to_string();
        if let Some(name) = name {
            scope.captures.insert(name, capture);
            scope.named.insert(number.clone());
        } else {
            scope.named.remove(&number);
        }
        scope.captures.insert(number, capture);
    }

    /// Says that the current scope may have captures of which nothing is known.
    pub fn blur(&mut self) {
        if let Some(scope) = self.all.get_mut(self.current) {
            scope.is_unclear = true;
        }
    }

    /// A decorated block sees the decorator's groups. Those that have a name it sees by that name:
    /// the number means a group of a pattern around the block, if there is one.
    pub fn capture(&self, name: &str) -> Found {
        match self.search(name, false) {
            Found::Nothing => self.search(name, true),
            found => found,
        }
    }

    fn search(&self, name: &str, by_all_numbers: bool) -> Found {
        // Decorators nest only as deep as blocks do, so the list of open searches stays short.
        let mut open = vec![(self.current, false)];
        let mut is_unclear = false;
        while let Some((at, is_decorator)) = open.pop() {
            let Some(scope) = self.all.get(at) else {
                continue;
            };
            let is_hidden = is_decorator && !by_all_numbers && scope.named.contains(name);
            if let Some(capture) = scope.captures.get(name).filter(|_| !is_hidden) {
                return Found::Capture(*capture);
            }
            is_unclear |= scope.is_unclear;
            open.extend(scope.parent.map(|parent| (parent, is_decorator)));
            open.extend(scope.decorator.map(|decorator| (decorator, true)));
        }
        if is_unclear {
            Found::Unclear
        } else {
            Found::Nothing
        }
    }

    /// The names of all captures that can be seen, for suggestions.
    pub fn capture_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut open = vec![self.current];
        while let Some(scope) = open.pop().and_then(|at| self.all.get(at)) {
            names.extend(scope.captures.keys().map(String::as_str));
            open.extend(scope.parent);
            open.extend(scope.decorator);
        }
        names
    }
}
