//! What a program remembers, as keys and values that are saved with the counts.
//!
//! A key is the program, the metric and the labels' values; a value is the series. What is no such
//! note is passed over.

use super::shadow::{Series, Value};
use crate::layout::Time;
use crate::script::{Labels, Number, Times};

/// The metric of the note that holds strict mode's memory of times.
const TIMES: &str = "";

const INT: u8 = b'i';
const FLOAT: u8 = b'f';
const TEXT: u8 = b't';

/// What is before all keys of a program.
pub fn prefix(program: &str) -> Vec<u8> {
    let mut key = Vec::new();
    text(program, &mut key);
    key
}

/// The key of a series.
pub fn key(program: &str, metric: &str, labels: &Labels) -> Vec<u8> {
    let mut key = prefix(program);
    text(metric, &mut key);
    labels.values().for_each(|value| text(value, &mut key));
    key
}

/// The metric and the labels of a key, if it is one of this program.
pub fn read_key(program: &str, key: &[u8]) -> Option<(String, Labels)> {
    let mut rest = key.strip_prefix(&*prefix(program))?;
    let metric = take_text(&mut rest)?;
    let mut labels = Labels::default();
    while !rest.is_empty() {
        labels.push(&take_text(&mut rest)?);
    }
    Some((metric, labels))
}

/// The value of a series.
pub fn value(series: &Series) -> Vec<u8> {
    let mut out = Vec::new();
    time(series.time, &mut out);
    time(series.touched, &mut out);
    out.extend_from_slice(&series.expires_after.unwrap_or(i64::MIN).to_be_bytes());
    match &series.value {
        Value::Number(Number::Int(value)) => {
            out.push(INT);
            out.extend_from_slice(&value.to_be_bytes());
        }
        Value::Number(Number::Float(value)) => {
            out.push(FLOAT);
            out.extend_from_slice(&value.to_bits().to_be_bytes());
        }
        Value::Text(value) => {
            out.push(TEXT);
            out.extend_from_slice(value.as_bytes());
        }
    }
    out
}

/// The series that has this value.
pub fn read_value(mut rest: &[u8]) -> Option<Series> {
    let rest = &mut rest;
    let (time, touched) = (take_time(rest)?, take_time(rest)?);
    let expires_after = i64::from_be_bytes(take(rest)?);
    let [kind] = take(rest)?;
    let value = match kind {
        INT => Value::Number(Number::Int(i64::from_be_bytes(take(rest)?))),
        FLOAT => {
            let bits = u64::from_be_bytes(take(rest)?);
            Value::Number(Number::Float(f64::from_bits(bits)))
        }
        TEXT => Value::Text(String::from_utf8(std::mem::take(rest).to_vec()).ok()?),
        _ => return None,
    };
    let expires_after = (expires_after != i64::MIN).then_some(expires_after);
    rest.is_empty()
        .then(|| Series::of(value, time, touched, expires_after))
}

/// The note of the memory of times.
pub fn times(program: &str, times: &Times) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut value = Vec::new();
    for (known, at) in &times.list {
        text(known, &mut value);
        value.push(at.is_some().into());
        time(at.unwrap_or_default(), &mut value);
    }
    let is_empty = times.list.is_empty();
    let key = key(program, TIMES, &Labels::default());
    (key, (!is_empty).then_some(value))
}

/// The memory of times, if this is its note.
pub fn read_times(program: &str, (key, mut rest): (&[u8], &[u8])) -> Option<Times> {
    let (metric, _) = read_key(program, key)?;
    let mut times = Times::default();
    while metric == TIMES && !rest.is_empty() {
        let text = take_text(&mut rest)?;
        let [is_time] = take(&mut rest)?;
        let at = take_time(&mut rest)?;
        times.list.push((text, (is_time == 1).then_some(at)));
    }
    (metric == TIMES).then_some(times)
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u32).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn time(time: Time, out: &mut Vec<u8>) {
    out.extend_from_slice(&time.seconds.to_be_bytes());
    out.extend_from_slice(&time.nanoseconds.to_be_bytes());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, others) = rest.split_first_chunk::<N>()?;
    *rest = others;
    Some(*first)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = u32::from_be_bytes(take(rest)?) as usize;
    let (text, others) = rest.split_at_checked(length)?;
    *rest = others;
    String::from_utf8(text.to_vec()).ok()
}

fn take_time(rest: &mut &[u8]) -> Option<Time> {
    Some(Time {
        seconds: i64::from_be_bytes(take(rest)?),
        nanoseconds: u32::from_be_bytes(take(rest)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[&str]) -> Labels {
        let mut labels = Labels::default();
        values.iter().for_each(|value| labels.push(value));
        labels
    }

    #[test]
    fn series_are_read_as_they_were_written() {
        for labels in [labels(&[]), labels(&["a", "", "c\0d"])] {
            let key = key("p.mtail", "gauge g", &labels);
            assert_eq!(
                read_key("p.mtail", &key),
                Some(("gauge g".to_owned(), labels))
            );
            assert_eq!(read_key("p", &key), None);
        }
        let time = Time {
            seconds: -5,
            nanoseconds: 7,
        };
        for value in [
            Value::Number(Number::Int(i64::MIN)),
            Value::Number(Number::Float(-0.5)),
            Value::Text("a text".to_owned()),
        ] {
            for expires_after in [None, Some(3_600_000_000_000)] {
                let series = Series::of(value.clone(), time, Time::default(), expires_after);
                assert_eq!(read_value(&self::value(&series)), Some(series));
            }
        }
        for broken in [&b""[..], b"x", &[0; 32], &[0; 33]] {
            assert_eq!(read_value(broken), None);
        }
    }

    #[test]
    fn the_memory_of_times_is_read_as_it_was_written() {
        let mut memory = Times::default();
        memory
            .list
            .push(("now".to_owned(), Some(Time::from_seconds(9))));
        memory.list.push(("never".to_owned(), None));
        let (key, value) = times("p.mtail", &memory);
        let read = read_times("p.mtail", (&key, &value.unwrap())).unwrap();
        assert_eq!(read.list, memory.list);
    }
}
