//! The engine driven over a made-up directory.

use super::*;

#[tokio::test]
async fn look() {
    let all = Fault::all()
        .iter()
        .map(|fault| fault.name().to_owned())
        .filter(|name| !name.starts_with("slow") && !name.starts_with("trickled"))
        .collect::<Vec<_>>()
        .join(",");
    let given = std::env::var("FAULTS").unwrap_or_default();
    let given = if given == "all" { all } else { given };
    for fault in given.split(',') {
        for flags in ["", "?aadOptscim062020"] {
            let mut world =
                World { only: vec!["lifecycle".to_owned(), "load".to_owned()], flags, ..World::new("scim") };
            if !fault.is_empty() {
                world = world.with_fault(Box::leak(fault.to_owned().into_boxed_str()));
            }
            let (endpoint, report) = world.check().await;
            println!("=== {fault} {flags}");
            for result in &report.results {
                println!("{} {:?} {:?} {}", result.check.id, result.status, result.skipped, result.exchanges.len());
                for note in &result.notes {
                    println!("   note: {note}");
                }
                for f in &result.findings {
                    let at = f.exchange.map(|at| {
                        format!(
                            "{} {} {:?}",
                            result.exchanges[at].method, result.exchanges[at].target, result.exchanges[at].status
                        )
                    });
                    println!(
                        "   [{}] {}\n      expected: {}\n      effect: {}\n      remedy: {}\n      at {at:?}",
                        f.cause, f.observed, f.expected, f.effect, f.remedy
                    );
                }
                if std::env::var("WIRE").is_ok() {
                    for e in &result.exchanges {
                        println!(
                            "     {} {} {} -> {:?}",
                            e.method,
                            e.target,
                            String::from_utf8_lossy(&e.request_body.bytes),
                            e.status
                        );
                    }
                }
                println!("   load {:?}", result.load);
            }
            println!("left {:?} {}", report.leftovers, endpoint.resources().unwrap().len());
        }
    }
}
