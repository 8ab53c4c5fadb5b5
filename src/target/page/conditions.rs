//! Rules for faults in words.

use crate::target::FaultRule;

/// When and for whom a rule holds: `5% of requests, only POST, only for ann@contoso.com`.
pub(super) fn conditions(rule: &FaultRule) -> String {
    let mut parts = Vec::new();
    if rule.rate < 1.0 {
        parts.push(format!("{} of requests", percent(rule.rate)));
    }
    if !rule.methods.is_empty() {
        let methods: Vec<_> = rule.methods.iter().map(|method| method.as_str()).collect();
        parts.push(format!("only {}", methods.join(", ")));
    }
    if !rule.users.is_empty() {
        parts.push(format!("only for {}", rule.users.join(", ")));
    }
    if let Some(after) = rule.after {
        parts.push(format!("after {after} requests"));
    }
    if let Some(times) = rule.times {
        parts.push(format!("{times} times at most"));
    }
    if let Some(from) = rule.from {
        parts.push(format!("from {from}"));
    }
    if let Some(until) = rule.until {
        parts.push(format!("until {until}"));
    }
    if parts.is_empty() { "every request that it can happen to".to_owned() } else { parts.join(", ") }
}

/// A share with as many digits as it has.
fn percent(rate: f64) -> String {
    let percent = rate * 100.0;
    let text = format!("{percent:.4}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Method;
    use crate::target::Fault;

    #[test]
    fn a_rule_says_when_and_for_whom_it_holds() {
        let plain = FaultRule::new(Fault::parse("503").unwrap());
        assert_eq!(conditions(&plain), "every request that it can happen to");
        let rule = FaultRule {
            rate: 0.05,
            methods: vec![Method::Post, Method::Patch],
            users: vec!["ann@contoso.com".to_owned(), "Bob".to_owned()],
            from: Some("2026-03-01T00:00:00Z".parse().unwrap()),
            until: Some("2026-03-02T00:00:00Z".parse().unwrap()),
            ..plain
        };
        let expected = "5% of requests, only POST, PATCH, only for ann@contoso.com, Bob, \
                        from 2026-03-01T00:00:00Z, until 2026-03-02T00:00:00Z";
        assert_eq!(conditions(&rule), expected);
        assert_eq!(
            (percent(0.001), percent(1.0), percent(0.333_333)),
            ("0.1%".into(), "100%".into(), "33.3333%".into())
        );
    }
}
