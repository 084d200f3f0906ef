//! The rules that are shipped: every file of `rules/` is in the program, so that `-r builtin:nginx` works
//! wherever it was installed.

use crate::did_you_mean;
use std::path::Path;

/// What a path begins with that names one of these rules.
pub const PREFIX: &str = "builtin:";

/// A rules file that is in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// Its name without the folder and the ending.
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! shipped {
    ($($path:literal)*) => {
        &[$(Shipped {
            name: after_folder($path),
            text: include_str!(concat!("../../../../rules/", $path, ".toml")),
        }),*]
    };
}

/// All of them, sorted by name. A new file is a new line here; a test compares the list with the folder.
pub const SHIPPED: &[Shipped] = shipped! {
    "agentgateway"
    "agentgateway-regex"
    "apache"
    "apache-error"
    "caddy"
    "envoy"
    "envoy-ai"
    "haproxy"
    "higress"
    "journald"
    "json-http"
    "kong-ai"
    "kubernetes-audit"
    "litellm"
    "log4j"
    "new-api"
    "nginx"
    "nginx-error"
    "nginx-json"
    "open-webui-audit"
    "postfix"
    "postgres"
    "sshd"
    "traefik"
    "vllm"
};

/// The last part of a path.
const fn after_folder(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b'/' {
        start -= 1;
    }
    path.split_at(start).1
}

/// The rules by which the lines of a program are recognised, in the order in which they are asked: of two that match
/// the same lines, the first is taken.
pub const PROGRAMS: &[&str] = &[
    "agentgateway",
    "envoy-ai",
    "kong-ai",
    "higress",
    "new-api",
    "litellm",
    "open-webui-audit",
    "vllm",
    "traefik",
    "caddy",
    "kubernetes-audit",
    "journald",
    "nginx-json",
    "nginx",
    "apache",
    "haproxy",
    "envoy",
    "apache-error",
    "nginx-error",
    "postgres",
    "postfix",
    "sshd",
    "log4j",
];

impl Shipped {
    /// The rules of this name.
    pub fn named(name: &str) -> Option<&'static Shipped> {
        SHIPPED.iter().find(|one| one.name == name)
    }

    /// The text as somebody may begin with: without the path of the schema, which is in the folder of the original.
    pub fn to_copy(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#:schema") => rest.trim_start_matches('\n'),
            _ => self.text,
        }
    }

    /// What it is for: the first sentence of the comment at its top.
    pub fn about(&self) -> String {
        let comment = self
            .to_copy()
            .lines()
            .map_while(|line| line.strip_prefix('#'));
        let mut about = String::new();
        for line in comment.map(str::trim) {
            if line.is_empty() {
                break;
            }
            if !about.is_empty() {
                about.push(' ');
            }
            about.push_str(line);
            if let Some(end) = about.find(". ") {
                about.truncate(end);
                break;
            }
        }
        about.trim_end_matches(['.', ':']).to_owned()
    }
}

/// The name in a path such as `builtin:nginx`.
pub fn name_in(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(PREFIX)
}

/// The names of all.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|one| one.name)
}

/// The name that was probably meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    did_you_mean::nearest(name, names())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// Names and texts of the files in a folder and below.
    fn files(folder: PathBuf, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(path, found);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn the_list_is_the_folder() {
        let mut found = Vec::new();
        files(
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rules"),
            &mut found,
        );
        found.sort();
        let listed: Vec<_> = SHIPPED
            .iter()
            .map(|one| (one.name.to_owned(), one.text.to_owned()))
            .collect();
        let names = |list: &[(String, String)]| -> Vec<String> {
            list.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&listed), names(&found));
        assert_eq!(listed, found);
    }

    #[test]
    fn each_says_what_it_is_for_and_can_be_copied() {
        for one in SHIPPED {
            let about = one.about();
            assert!((20..200).contains(&about.len()), "{}: {about:?}", one.name);
            assert!(one.to_copy().starts_with("# "), "{}", one.name);
        }
        let nginx = Shipped::named("nginx").unwrap();
        assert_eq!(
            nginx.about(),
            "nginx (and Apache httpd) access logs in the `combined` format"
        );
        assert_eq!(after_folder("ai/kong"), "kong");
    }

    #[test]
    fn names_are_told_from_paths() {
        assert_eq!(name_in(Path::new("builtin:nginx")), Some("nginx"));
        assert_eq!(name_in(Path::new("./builtin:nginx")), None);
        assert_eq!(name_in(Path::new("rules/nginx.toml")), None);
        assert_eq!(nearest("ngnix"), Some("nginx"));
    }
}
