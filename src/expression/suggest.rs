//! "Did you mean": the known name that a misspelt one resembles.

/// The candidate that differs least from `name`, letter case aside, if any is near enough.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name: Vec<char> = name.chars().take(64).flat_map(char::to_lowercase).collect();
    let limit = (name.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, two neighbours swapped counting as one.
fn distance(name: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    let mut before = vec![0; candidate.len() + 1];
    let mut row: Vec<usize> = (0..=candidate.len()).collect();
    for (i, a) in name.iter().enumerate() {
        let mut next = vec![i + 1; candidate.len() + 1];
        for (j, b) in candidate.iter().enumerate() {
            next[j + 1] = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == candidate[j - 1] && name[i - 1] == *b {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[candidate.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let names = ["Switch", "Split", "ToLower", "ToUpper", "IIF"];
        for (name, expected) in [
            ("Swicth", Some("Switch")),
            ("tolowr", Some("ToLower")),
            ("IF", Some("IIF")),
            ("Concatenate", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
