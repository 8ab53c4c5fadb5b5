//! "Did you mean": the known name that a misspelt one resembles.

/// The candidate that differs least from `name`, letter case aside, if any is near enough: one edit
/// for each three characters, at least one and at most three. Two neighbours swapped are one edit.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let names = ["Switch", "Split", "ToLower", "ToUpper", "IIF", "tenant_url", "rate", "timeout"];
        for (name, expected) in [
            ("Swicth", Some("Switch")),
            ("tolowr", Some("ToLower")),
            ("IF", Some("IIF")),
            ("Tenant_URL", Some("tenant_url")),
            ("tenanturl", Some("tenant_url")),
            ("raet", Some("rate")),
            ("rates", Some("rate")),
            ("Concatenate", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
