//! What a reload keeps, and that it keeps exactly that.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::metrics::kind::{Kind, Operation};
use crate::metrics::snapshot::Snapshot;
use crate::metrics::testing::{Updates, definition, histogram};

/// All that is shown of a metric, but for its help.
fn shown(snapshot: &Snapshot, name: &str) -> Vec<(String, f64, Vec<u64>, u64, u64, bool)> {
    let mut families = snapshot.families.iter();
    let family = families.find(|family| family.definition.name == name);
    let series = family.unwrap().series();
    series
        .map(|series| {
            (
                String::from_utf8(series.labels().to_vec()).unwrap(),
                series.value(),
                series.bucket_counts().to_vec(),
                series.created_ms(),
                series.creation_number(),
                series.exemplar(0).is_some(),
            )
        })
        .collect()
}

fn counted(snapshot: &Snapshot, name: &str) -> Vec<(String, f64)> {
    let rows = shown(snapshot, name).into_iter();
    rows.map(|row| (row.0, row.1)).collect()
}

fn row(labels: &str, value: f64) -> (String, f64) {
    (labels.to_owned(), value)
}

#[test]
fn the_same_metric_is_kept_and_counted_on() {
    let definitions = |names: &[&str]| {
        let one = |name: &&str| definition(name, Kind::Counter, &["user"]);
        names.iter().map(one).collect::<Vec<_>>()
    };
    let old = Store::new(definitions(&["a", "b"]), 1000);
    let mut updates = Updates::new(&old);
    updates.traced(1, &["ann"], 2.0, Some(("t", None)));
    updates.push(0, &["bob"], 1.0);
    updates.apply(1000);
    let before = old.snapshot(1000);
    // `b` has another number now.
    let new = old.reload(definitions(&["b", "c"]), 5000);
    let after = new.snapshot(5000);
    assert_eq!(shown(&after, "b"), shown(&before, "b"));
    assert_eq!(shown(&after, "c"), []);
    assert_eq!(after.series_created, before.series_created);
    let mut updates = Updates::new(&new);
    updates.push(0, &["ann"], 3.0);
    updates.push(0, &["carol"], 1.0);
    updates.push(1, &["ann"], 7.0);
    updates.apply(6000);
    let after = new.snapshot(6000);
    let both = [row("user=\"ann\"", 5.0), row("user=\"carol\"", 1.0)];
    assert_eq!(counted(&after, "b"), both);
    assert_eq!(counted(&after, "c"), [row("user=\"ann\"", 7.0)]);
    assert_eq!(after.series_created, before.series_created + 2);
    // A page that is being made of the old store sees nothing of it.
    assert_eq!(
        shown(&old.snapshot(6000), "b"),
        shown(&before, "b"),
        "the old store changed"
    );
}

#[test]
fn a_batch_that_knows_the_old_store_counts_right_in_the_new_one() {
    let metric = || vec![definition("seen", Kind::Counter, &["user"])];
    let old = Store::new(metric(), 0);
    let mut batch = crate::metrics::batch::Batch::new(old.hasher());
    let push = |batch: &mut crate::metrics::batch::Batch, user: &str| {
        let text = format!("user=\"{user}\"");
        batch.labels().extend_from_slice(text.as_bytes());
        batch.push(
            crate::metrics::definition::MetricId(0),
            Operation::Add,
            1.0,
            None,
        );
    };
    push(&mut batch, "ann");
    old.apply(&batch, 0);
    batch.clear();
    let new = old.reload(metric(), 0);
    // Another series than the old store would create there takes the next slot.
    let mut updates = Updates::new(&new);
    updates.push(0, &["bob"], 10.0);
    updates.apply(0);
    push(&mut batch, "carol");
    old.apply(&batch, 0);
    batch.clear();
    push(&mut batch, "carol");
    push(&mut batch, "ann");
    new.apply(&batch, 0);
    let expected = [
        row("user=\"ann\"", 2.0),
        row("user=\"bob\"", 10.0),
        row("user=\"carol\"", 1.0),
    ];
    assert_eq!(counted(&new.snapshot(0), "seen"), expected);
}

#[test]
fn new_limits_hold_from_now_on_and_take_nothing_away() {
    let mut definition = definition("seen", Kind::Counter, &["route", "user"]);
    let old = Store::new(vec![definition.clone()], 0);
    let mut updates = Updates::new(&old);
    for user in ["a", "b", "c"] {
        updates.push(0, &["r", user], 1.0);
    }
    updates.apply(0);
    definition.labels[1].values_max = 2;
    let fewer_values = old.reload(vec![definition.clone()], 0);
    let mut updates = Updates::new(&fewer_values);
    updates.push(0, &["r", "c"], 1.0);
    updates.push(0, &["r", "d"], 1.0);
    updates.apply(0);
    let snapshot = fewer_values.snapshot(0);
    let values: Vec<f64> = counted(&snapshot, "seen").iter().map(|row| row.1).collect();
    assert_eq!(values, [1.0, 1.0, 1.0, 2.0]);
    let other = r#"route="r",user="__other__""#;
    assert_eq!(counted(&snapshot, "seen")[0].0, other);
    definition.labels[1].values_max = 100;
    definition.series_max = 5;
    definition.help = "Other words.".into();
    let more = fewer_values.reload(vec![definition], 0);
    let mut updates = Updates::new(&more);
    for user in ["d", "e", "f"] {
        updates.push(0, &["r", user], 1.0);
    }
    updates.apply(0);
    let counts = more.counts();
    assert_eq!(
        (counts[0].series, counts[0].series_limited_total),
        (6, 2),
        "{counts:?}"
    );
    assert_eq!(counts[0].label_limited_total[1].1, 1);
    assert_eq!(more.snapshot(0).families[0].definition.help, "Other words.");
}

#[test]
fn a_new_expiry_counts_from_the_last_update() {
    let mut metric = definition("seen", Kind::Counter, &["user"]);
    let old = Store::new(vec![metric.clone()], 0);
    let mut updates = Updates::new(&old);
    updates.push(0, &["idle"], 1.0);
    updates.apply(0);
    updates.push(0, &["busy"], 1.0);
    updates.apply(50_000);
    metric.expire = Some(Duration::from_secs(60));
    let new = old.reload(vec![metric], 55_000);
    assert_eq!(counted(&new.snapshot(59_000), "seen").len(), 2);
    let left = counted(&new.snapshot(61_000), "seen");
    assert_eq!(left, [row("user=\"busy\"", 1.0)]);
}

#[test]
fn what_is_new_without_labels_is_born_after_all_others() {
    let old = Store::new(vec![definition("a", Kind::Counter, &["user"])], 0);
    let mut updates = Updates::new(&old);
    updates.push(0, &["ann"], 1.0);
    updates.apply(0);
    let seen = old.snapshot(0).series_created;
    let total = definition("total", Kind::Counter, &[]);
    let new = old.reload(vec![total], 0);
    let mut updates = Updates::new(&new);
    updates.push(0, &[], 4.0);
    updates.apply(0);
    let mut snapshot = new.snapshot(0);
    snapshot.show_new_at_zero(seen);
    assert_eq!(counted(&snapshot, "total"), [row("", 0.0)]);
}

/// Few names, so that definitions meet.
fn definitions() -> impl Strategy<Value = Vec<Definition>> {
    let kinds = prop_oneof![
        Just(Kind::Counter.into()),
        Just(Kind::Gauge.into()),
        Just(histogram(&[1.0])),
        Just(histogram(&[2.0])),
    ];
    let labels = prop_oneof![Just(&[][..]), Just(&["x"][..]), Just(&["x", "y"][..])];
    let one = (kinds, labels, 1..1000_usize);
    let named = proptest::collection::btree_map("[a-e]", one, 0..5);
    named.prop_map(|named| {
        let named = named.into_iter();
        named
            .map(|(name, (kind, labels, series_max))| Definition {
                series_max,
                ..definition(&name, kind, labels)
            })
            .collect()
    })
}

fn fill(store: &Store, updates: &[(usize, u8, u8)], now_ms: u64) {
    let definitions = store.definitions().clone();
    let mut batch = Updates::new(store);
    for (metric, x, value) in updates.iter().filter(|_| !definitions.is_empty()) {
        let metric = metric % definitions.len();
        let (x, y) = (format!("x{}", x % 4), format!("y{}", x / 4 % 4));
        let values = [x.as_str(), y.as_str()];
        let labels = definitions[metric].labels.len();
        batch.push(metric as u32, &values[..labels], f64::from(*value));
    }
    batch.apply(now_ms);
}

proptest! {
    /// After any number of reloads each metric has what was counted since it was last new.
    #[test]
    fn exactly_what_is_the_same_is_kept(
        first in definitions(),
        rounds in proptest::collection::vec(
            (definitions(), proptest::collection::vec((0..5_usize, 0..16_u8, 0..9_u8), 0..40)),
            1..5,
        ),
    ) {
        let mut store = Store::new(first, 0);
        fill(&store, &[(0, 0, 1), (1, 1, 2), (2, 7, 3), (3, 9, 4), (4, 2, 5)], 0);
        for (round, (definitions, updates)) in rounds.into_iter().enumerate() {
            let now_ms = 1000 * (round as u64 + 1);
            let before = store.snapshot(now_ms);
            let old = store.definitions().clone();
            store = store.reload(definitions.clone(), now_ms);
            let after = store.snapshot(now_ms);
            let change = Change::between(&old, &definitions);
            let empty = Store::new(definitions.clone(), now_ms).snapshot(now_ms);
            for definition in &definitions {
                let name = &definition.name;
                let is_kept = old.iter().any(|other| other.is_same_metric(definition));
                prop_assert_eq!(change.kept.contains(name), is_kept);
                prop_assert_eq!(change.new.contains(name), !is_kept);
                if is_kept {
                    prop_assert_eq!(shown(&after, name), shown(&before, name));
                } else {
                    prop_assert_eq!(counted(&after, name), counted(&empty, name));
                }
            }
            prop_assert_eq!(change.gone.len(), old.len() - change.kept.len());
            // It goes on as a store of its own does that has counted the same.
            fill(&store, &updates, now_ms);
            let sum = |snapshot: &Snapshot| -> f64 {
                let families = snapshot.families.iter();
                let additive = families.filter(|f| f.definition.kind == Kind::Counter);
                additive.flat_map(|f| f.series().map(|s| s.value()).collect::<Vec<_>>()).sum()
            };
            let added: f64 = updates
                .iter()
                .filter(|_| !definitions.is_empty())
                .filter(|(metric, ..)| definitions[metric % definitions.len()].kind == Kind::Counter)
                .map(|(.., value)| f64::from(*value))
                .sum();
            prop_assert_eq!(sum(&store.snapshot(now_ms)), sum(&after) + added);
        }
    }
}
