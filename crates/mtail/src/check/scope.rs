//! Scopes: which name means what, and where.

use std::collections::HashMap;

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

    pub fn define_capture(&mut self, name: String, capture: Capture) {
        if let Some(scope) = self.all.get_mut(self.current) {
            scope.captures.insert(name, capture);
        }
    }

    /// Says that the current scope may have captures of which nothing is known.
    pub fn blur(&mut self) {
        if let Some(scope) = self.all.get_mut(self.current) {
            scope.is_unclear = true;
        }
    }

    pub fn capture(&self, name: &str) -> Found {
        self.capture_from(self.current, name)
    }

    fn capture_from(&self, start: usize, name: &str) -> Found {
        // Decorators nest only as deep as blocks do, so the list of open searches stays short.
        let mut open = vec![start];
        let mut is_unclear = false;
        while let Some(scope) = open.pop().and_then(|at| self.all.get(at)) {
            if let Some(capture) = scope.captures.get(name) {
                return Found::Capture(*capture);
            }
            is_unclear |= scope.is_unclear;
            open.extend(scope.parent);
            open.extend(scope.decorator);
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
