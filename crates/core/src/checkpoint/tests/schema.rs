//! The form is a promise: what version 1 wrote is read by every later program.

use rusqlite::Connection;

use super::*;

#[test]
fn the_form_of_version_1() {
    let (_folder, path) = scratch();
    filled(&path);
    let connection = Connection::open(&path).unwrap();
    let pragma = |name: &str| -> i64 {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    let schema: Vec<String> = connection
        .prepare("SELECT sql FROM sqlite_schema ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let meta: String = connection
        .query_row(
            "SELECT version || ' ' || hex(version_check) || ' ' || saved_ms || ' ' || births || ' ' \
             || hex(digest) FROM meta",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let pragmas = format!("{:x} {}", pragma("application_id"), pragma("user_version"));
    insta::assert_snapshot!(format!("{pragmas}\n{meta}\n{}", schema.join("\n")), @r"
    6c6f676d 1
    1 5CC248EBA6A50D6416142758217C75DF 1000000 11 D07B9DB87D4444D7305089494EB0C5DF
    CREATE TABLE file (device INTEGER NOT NULL, inode INTEGER NOT NULL, source TEXT NOT NULL, path BLOB NOT NULL, offset INTEGER NOT NULL, signature_bytes INTEGER NOT NULL, signature INTEGER NOT NULL, marker_bytes INTEGER NOT NULL, marker INTEGER NOT NULL, carried BLOB NOT NULL, is_left INTEGER NOT NULL, is_packed INTEGER NOT NULL, PRIMARY KEY (device, inode)) STRICT, WITHOUT ROWID
    CREATE TABLE meta (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, version_check BLOB NOT NULL, saved_ms INTEGER NOT NULL, births INTEGER NOT NULL, digest BLOB NOT NULL) STRICT
    CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, buckets BLOB NOT NULL, labels TEXT NOT NULL, series_limited INTEGER NOT NULL, label_limited BLOB NOT NULL) STRICT
    CREATE TABLE note (source TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (source, key)) STRICT, WITHOUT ROWID
    CREATE TABLE series (metric INTEGER NOT NULL, slot INTEGER NOT NULL, labels TEXT NOT NULL, created_ms INTEGER NOT NULL, born INTEGER NOT NULL, updated_s INTEGER NOT NULL, numbers BLOB NOT NULL, PRIMARY KEY (metric, slot)) STRICT, WITHOUT ROWID
    ");
}

/// Written once by the program that made version 1, and never again.
#[test]
fn a_file_of_version_1_is_read() {
    let (_folder, path) = scratch();
    let kept = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/state/version-1.db"
    );
    std::fs::copy(kept, &path).unwrap();
    let opened = opened(&path);
    assert_eq!(opened.files, [file(1, 100), file(2, 9)]);
    assert_eq!(opened.notes.of("jaeger"), [(b"last".to_vec(), vec![2])]);
    let mut lines = Vec::new();
    for family in opened.store.image().families {
        lines.push(format!("{} {:?}", family.definition.name, family.limited));
        for (slot, series) in family.series() {
            let labels = String::from_utf8_lossy(series.labels).into_owned();
            let creation = (series.created_ms, series.creation_number, series.updated_s);
            lines.push(format!(
                "{slot} {{{labels}}} {creation:?} {:?}",
                series.values
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    requests Limited { series_limited_total: 6, label_limited_totals: [0, 6] }
    0 {route="chat",user="ann"} (1000000, 1, 1001) [4616752568008179712]
    1 {route="embed",user="ann"} (1000000, 2, 1001) [4613937818241073152]
    2 {route="chat",user="bob"} (1000000, 3, 1001) [4616752568008179712]
    3 {route="embed",user="bob"} (1000000, 4, 1001) [4613937818241073152]
    4 {route="chat",user="\"eve\"\n"} (1000000, 5, 1001) [4616752568008179712]
    5 {route="embed",user="\"eve\"\n"} (1000000, 6, 1001) [4613937818241073152]
    6 {route="__other__",user="__other__"} (1000000, 7, 1001) [4620130267728707584]
    depth Limited { series_limited_total: 0, label_limited_totals: [0] }
    0 {queue="in"} (1000000, 8, 1001) [9223372036854775808]
    1 {queue="out"} (1000000, 9, 1001) [9221120237041090560]
    seconds Limited { series_limited_total: 0, label_limited_totals: [0] }
    0 {route="chat"} (1000000, 10, 1001) [1, 2, 0, 4613937818241073152]
    lines Limited { series_limited_total: 0, label_limited_totals: [] }
    0 {} (1000000, 0, 1001) [4613937818241073152]
    "#);
}
