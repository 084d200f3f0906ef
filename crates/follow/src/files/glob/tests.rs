//! Patterns against names and against folders on a disk.

use std::fs;
use std::path::Path;

use super::*;

fn glob(text: &str) -> Glob {
    Glob::parse(text.as_bytes(), Path::new("/here")).unwrap()
}

#[test]
fn names_match_as_in_a_shell() {
    for (pattern, matching, others) in [
        (
            "*.log",
            &["a.log", "a.b.log"][..],
            &[".a.log", "a.log.1", "log"][..],
        ),
        ("a?c", &["abc", "a\u{e4}c"], &["ac", "abbc"]),
        ("[a-c]x[!0-9]", &["axz", "cx-"], &["dxz", "ax5"]),
        ("x[[]1]*", &["x[1]", "x[1].log"], &["x1"]),
        (".*", &[".a"], &["a"]),
        ("*a*b*", &["ab", "xaxbx", "aab"], &["ba"]),
        (
            "{a,b}.{log,txt}",
            &["a.log", "b.txt"],
            &["c.log", "{a,b}.log"],
        ),
        ("{a,b{1,2}}", &["a", "b1", "b2"], &["b"]),
        ("a{b}c*", &["a{b}c", "a{b}cd"], &["abc"]),
    ] {
        let glob = glob(pattern);
        for name in matching {
            assert!(
                glob.matches(&Path::new("/here").join(name)),
                "{pattern} {name}"
            );
        }
        for name in others {
            assert!(
                !glob.matches(&Path::new("/here").join(name)),
                "{pattern} {name}"
            );
        }
    }
}

#[test]
fn folders_on_the_way_are_concerned() {
    let glob = glob("/var/log/*/gw/**/*.log");
    assert_eq!(glob.base(), Path::new("/var/log"));
    for concerned in [
        "/var",
        "/var/log/a",
        "/var/log/a/gw/b/c",
        "/var/log/a/gw/b/x.log",
    ] {
        assert!(glob.concerns(Path::new(concerned)), "{concerned}");
    }
    for other in [
        "/opt",
        "/var/log/a/nginx",
        "/var/cache",
        "/var/log/a/gw/.b/c",
    ] {
        assert!(!glob.concerns(Path::new(other)), "{other}");
    }
    assert!(glob.matches(Path::new("/var/log/a/gw/x.log")));
    assert!(!glob.matches(Path::new("/var/log/a/gw")));
}

#[test]
fn alternatives_are_found_on_a_disk() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    for name in ["a.log", "b.log", "c.log", "x1.log"] {
        fs::write(folder.join(name), "").unwrap();
    }
    let found = |pattern: &str| {
        let glob = Glob::parse(pattern.as_bytes(), folder).unwrap();
        let paths = glob.look().paths.into_iter();
        let names = paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(found("{a,b,d}.log"), ["a.log", "b.log"]);
    assert_eq!(found("x[1].log"), ["x1.log"]);
}

#[cfg(unix)]
#[test]
fn names_need_not_be_utf8_and_links_may_form_a_circle() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let odd = OsStr::from_bytes(b"odd \xff.log");
    fs::create_dir_all(folder.join("a/b")).unwrap();
    fs::write(folder.join(odd), "").unwrap();
    fs::write(folder.join("a/b/x.log"), "").unwrap();
    std::os::unix::fs::symlink("..", folder.join("a/up")).unwrap();
    let text = folder.join("**/*.log");
    let found = Glob::parse(text.as_os_str().as_bytes(), folder)
        .unwrap()
        .look();
    assert!(found.paths.contains(&folder.join(odd)));
    assert!(found.paths.contains(&folder.join("a/b/x.log")));
    assert!(found.paths.len() < 10, "{:?}", found.paths);
    let exact = folder.join(OsStr::from_bytes(b"odd \xff*"));
    let found = Glob::parse(exact.as_os_str().as_bytes(), folder)
        .unwrap()
        .look();
    assert_eq!(found.paths, [folder.join(odd)]);
}
