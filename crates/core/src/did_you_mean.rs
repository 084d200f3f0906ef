//! "Did you mean": the known name that is nearest to one that is not known.

/// Of longer names only so many bytes are compared: the work is the product of both lengths, and a name of a
/// million letters is none of ours.
const COMPARED_BYTES_MAX: usize = 64;

/// The known name that was probably meant: a few letters away, and nearer than any other. Cases are the same,
/// and so are `-`, `.` and `_`.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = |name: &str| name.to_ascii_lowercase().replace(['-', '.'], "_");
    let compared = COMPARED_BYTES_MAX.min(name.len());
    let name = folded(name.get(..compared).unwrap_or(""));
    known
        .into_iter()
        .filter(|known| !known.is_empty())
        .map(|known| (strsim::osa_distance(&name, &folded(known)), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).clamp(1, 3).min(known.len() - 1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The same as a question for a message: `` did you mean `x`? ``
pub fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["counter", "gauge", "histogram", "by"];
        assert_eq!(nearest("countr", known), Some("counter"));
        assert_eq!(nearest("Gauge", known), Some("gauge"));
        assert_eq!(nearest("histgoram", known), Some("histogram"));
        assert_eq!(nearest("bx", known), Some("by"));
        assert_eq!(nearest("value", known), None);
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest(&"é".repeat(200_000), known), None);
        let question = did_you_mean("user-emial", ["route", "user_email"]);
        assert_eq!(question.as_deref(), Some("did you mean `user_email`?"));
    }
}
