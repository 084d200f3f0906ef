//! Limits and expiry against a model: a plain map that does what the documentation says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::metrics::definition::{Label, OTHER};
use crate::metrics::labels;

const LABELS: usize = 2;
type Values = [&'static str; LABELS];

/// A store in ten lines: each series with its value and the second of its last update.
struct Model {
    series: BTreeMap<Values, (f64, u64)>,
    definition: Definition,
    series_limited: u64,
    label_limited: [u64; LABELS],
}

impl Model {
    fn new(definition: Definition) -> Model {
        Model {
            series: BTreeMap::new(),
            definition,
            series_limited: 0,
            label_limited: [0; LABELS],
        }
    }

    fn update(&mut self, values: Values, value: f64, now_s: u64) {
        let values = self.written_as(values);
        let series = self.series.entry(values).or_default();
        *series = (series.0 + value, now_s);
    }

    fn written_as(&mut self, mut values: Values) -> Values {
        if self.series.contains_key(&values) {
            return values;
        }
        for (label, value) in values.iter_mut().enumerate() {
            let seen: BTreeSet<_> = self.series.keys().map(|values| values[label]).collect();
            let counted = seen.iter().filter(|value| **value != OTHER).count();
            let is_new = *value != OTHER && !seen.contains(*value);
            if is_new && counted >= self.definition.labels[label].values_max {
                *value = OTHER;
                self.label_limited[label] += 1;
            }
        }
        let all_other = [OTHER; LABELS];
        let counted = self.series.keys().filter(|values| **values != all_other);
        let is_full = counted.count() >= self.definition.series_max;
        if is_full && values != all_other && !self.series.contains_key(&values) {
            self.series_limited += 1;
            return all_other;
        }
        values
    }

    fn expire(&mut self, now_s: u64) {
        if let Some(expire) = self.definition.expire {
            self.series
                .retain(|_, (_, updated_s)| now_s - *updated_s < expire.as_secs());
        }
    }

    /// What a snapshot must show: the series, sorted by their values.
    fn shown(&self) -> Vec<(Vec<String>, f64)> {
        let series = self.series.iter();
        let owned = |values: &Values| values.map(str::to_owned).to_vec();
        series
            .map(|(values, (value, _))| (owned(values), *value))
            .collect()
    }
}

fn read(snapshot: &Snapshot) -> Vec<(Vec<String>, f64)> {
    let values = |text| {
        let pairs = labels::pairs(text);
        let text = |value: &[u8]| String::from_utf8_lossy(&labels::unescape(value)).into_owned();
        pairs.map(|(_, value)| text(value)).collect()
    };
    let series = snapshot.families[0].series();
    series
        .map(|series| (values(series.labels()), series.value()))
        .collect()
}

#[derive(Debug, Clone)]
enum Step {
    Update(Values, f64),
    /// The updates so far are applied; then some seconds go by.
    Apply(u64),
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    let value = || {
        prop::sample::select(vec![
            "", "a", "b", "c", "d", "e!", "e", "e\"", "f\\", "f\n", OTHER,
        ])
    };
    let update = ([value(), value()], 0_u32..1000)
        .prop_map(|(values, quarters)| Step::Update(values, f64::from(quarters) / 4.0));
    prop_oneof![
        8 => update,
        1 => (0_u64..4).prop_map(Step::Apply),
        1 => Just(Step::Snapshot),
    ]
}

fn limited() -> impl Strategy<Value = Definition> {
    let expire = prop::option::of(1_u64..4);
    (0_usize..12, [0_usize..6, 0_usize..6], expire).prop_map(|(series_max, values_max, expire)| {
        let labels = ["l", "m"].into_iter().zip(values_max);
        Definition {
            series_max,
            labels: labels
                .map(|(name, values_max)| Label {
                    name: name.to_owned(),
                    values_max,
                })
                .collect(),
            expire: expire.map(Duration::from_secs),
            ..definition("m", Kind::Counter, &[])
        }
    })
}

proptest! {
    #[test]
    fn totals_are_exact_under_any_limits(
        definition in limited(),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let store = Store::new(vec![definition.clone()], 0);
        let mut updates = Updates::new(&store);
        let mut model = Model::new(definition.clone());
        let mut waiting: Vec<(Values, f64)> = Vec::new();
        let mut snapshots = Vec::new();
        let (mut now_s, mut total) = (0, 0.0);
        for step in steps.into_iter().chain([Step::Apply(0), Step::Snapshot]) {
            match step {
                Step::Update(values, value) => {
                    updates.push(0, &values, value);
                    waiting.push((values, value));
                    total += value;
                }
                Step::Apply(seconds) => {
                    updates.apply(now_s * 1000);
                    model.expire(now_s);
                    for (values, value) in waiting.drain(..) {
                        model.update(values, value, now_s);
                    }
                    now_s += seconds;
                }
                Step::Snapshot => {
                    let snapshot = store.snapshot(now_s * 1000);
                    model.expire(now_s);
                    let shown = model.shown();
                    prop_assert_eq!(read(&snapshot), shown.clone());
                    snapshots.push((snapshot, shown));
                }
            }
        }
        // Older snapshots have not changed.
        for (snapshot, shown) in &snapshots {
            prop_assert_eq!(&read(snapshot), shown);
        }
        let counts = &store.counts()[0];
        prop_assert_eq!(counts.series, model.series.len());
        prop_assert_eq!(counts.series_limited_total, model.series_limited);
        let label_limited = ["l", "m"].map(str::to_owned).into_iter().zip(model.label_limited);
        prop_assert_eq!(counts.label_limited_total.clone(), label_limited.collect::<Vec<_>>());
        if definition.expire.is_none() {
            let shown: f64 = model.shown().iter().map(|(_, value)| value).sum();
            prop_assert_eq!(shown, total);
        }
    }
}

#[test]
fn a_full_label_is_folded_alone_and_a_full_metric_whole() {
    let mut definition = definition("m", Kind::Counter, &["route", "user"]);
    definition.labels[1].values_max = 2;
    definition.series_max = 4;
    let store = Store::new(vec![definition], 0);
    let mut updates = Updates::new(&store);
    for user in ["ann", "bob", "cid", "dan", "ann"] {
        updates.push(0, &["x", user], 1.0);
    }
    updates.push(0, &["y", "cid"], 1.0);
    // Four series are there now.
    updates.push(0, &["y", "ann"], 1.0);
    updates.push(0, &["y", "dan"], 1.0);
    updates.push(0, &["z", "dan"], 1.0);
    updates.apply(0);
    let snapshot = store.snapshot(0);
    let expected = [
        (r#"route="__other__",user="__other__""#, 2.0),
        (r#"route="x",user="__other__""#, 2.0),
        (r#"route="x",user="ann""#, 2.0),
        (r#"route="x",user="bob""#, 1.0),
        (r#"route="y",user="__other__""#, 2.0),
    ];
    assert_eq!(
        shown(&snapshot, 0),
        expected.map(|(labels, value)| (labels.to_owned(), value))
    );
    let counts = &store.counts()[0];
    assert_eq!((counts.series, counts.series_limited_total), (5, 2));
    let label_limited = [("route".to_owned(), 0), ("user".to_owned(), 5)];
    assert_eq!(counts.label_limited_total, label_limited);
}
