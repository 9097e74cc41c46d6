//! "Did you mean": the known word that is closest to one that is not known.

/// The closest of `known` to `word`, if one is so close that a slip of the fingers explains it.
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count().div_ceil(4).min(3);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters; two neighbours that changed places count as two.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["listen", "upstream", "admin"];
        assert_eq!(closest("uppstream", known), Some("upstream"));
        assert_eq!(closest("admni", known), Some("admin"));
        assert_eq!(closest("listn", known), Some("listen"));
        assert_eq!(closest("workers", known), None);
        assert_eq!(closest("x", known), None);
        assert_eq!(closest("", known), None);
    }
}
