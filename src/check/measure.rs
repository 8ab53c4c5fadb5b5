//! How long requests took.

use std::sync::Arc;
use std::time::Duration;

use super::finding::place;
use super::result::Latencies;
use crate::scim::HttpExchange;

/// Upper bounds of the histogram's bars, in milliseconds; what took longer is in the last one.
const BOUNDS: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];

/// Latencies by kind of request, and of all; load checks are left out.
pub(super) fn latencies(wire: &[(&'static str, Arc<HttpExchange>)]) -> Vec<Latencies> {
    let others = || wire.iter().filter(|(check, _)| !check.starts_with("load."));
    let answered = || others().map(|(_, exchange)| exchange).filter(|exchange| exchange.status.is_some());
    let kinds = ["filter", "get", "list", "create", "patch", "delete", "discovery", "all"];
    kinds
        .into_iter()
        .filter_map(|of| {
            let times = answered().filter(|exchange| of == "all" || kind(exchange) == of);
            summary(of, times.map(|exchange| exchange.duration).collect())
        })
        .collect()
}

/// What kind of request it was.
fn kind(exchange: &HttpExchange) -> &'static str {
    let is_resource = matches!(place(exchange), "Users" | "Groups");
    match exchange.method.as_str() {
        "POST" => "create",
        "PATCH" | "PUT" => "patch",
        "DELETE" => "delete",
        _ if !is_resource => "discovery",
        _ if exchange.target.contains("filter=") => "filter",
        _ if super::finding::shown_path(exchange).contains("{id}") => "get",
        _ => "list",
    }
}

/// Percentiles and histogram; nothing of nothing.
pub(super) fn summary(of: &'static str, mut times: Vec<Duration>) -> Option<Latencies> {
    times.sort_unstable();
    let max = *times.last()?;
    // nearest rank
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    let mut histogram: Vec<_> = BOUNDS.iter().map(|bound| (Duration::from_millis(*bound), 0)).collect();
    histogram.push((Duration::MAX, 0));
    for time in &times {
        if let Some((_, count)) = histogram.iter_mut().find(|(bound, _)| time <= bound) {
            *count += 1;
        }
    }
    Some(Latencies { of, requests: times.len(), p50: at(50), p95: at(95), p99: at(99), max, histogram })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let of =
            |milliseconds: &[u64]| summary("all", milliseconds.iter().copied().map(Duration::from_millis).collect());
        assert_eq!(of(&[]), None);
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let found = of(&hundred).unwrap();
        assert_eq!([found.p50, found.p95, found.p99, found.max].map(|time| time.as_millis()), [50, 95, 99, 100]);
        assert_eq!(found.histogram[..4].iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 1, 3, 5]);
        assert_eq!(found.histogram.iter().map(|(_, count)| count).sum::<usize>(), 100);
        assert_eq!(of(&[7]).unwrap().p99.as_millis(), 7);
    }
}
