//! Draft.

use super::*;

#[tokio::test]
async fn draft() {
    let flags = if std::env::var("COMPLIANT").is_ok() { "?aadOptscim062020" } else { "" };
    for fault in Fault::all() {
        let name: &'static str = Box::leak(fault.name().to_owned().into_boxed_str());
        let world = World { flags, ..World::new("scim").with_fault(name) };
        let (endpoint, report) = world.check().await;
        let blocked: Vec<_> = report
            .results
            .iter()
            .filter(|r| matches!(r.skipped, Some(Skipped::Blocked { .. })))
            .map(|r| r.check.id)
            .collect();
        println!(
            "=== {name}: {:?}\n    blocked {:?}\n    left {} {:?}",
            red(&report),
            blocked,
            endpoint.resources().unwrap().len(),
            report.leftovers.first()
        );
        for line in told(&report).lines().filter(|l| !l.contains("skipped: the mapping") && !l.contains("(see ")) {
            println!("    {}", line.chars().take(230).collect::<String>());
        }
    }
}

#[tokio::test]
async fn peer() {
    let (Ok(base), Ok(token)) = (std::env::var("BASE"), std::env::var("TOKEN")) else { return };
    let clock = Clock::real();
    let url = TenantUrl::parse(&base, false).unwrap();
    let mut client = ClientOptions::new(url, Token::from_text(&token).unwrap());
    client.rate = Rate::Unlimited;
    let mut options = CheckOptions::new(client);
    options.seed = std::process::id().into();
    let time = clock.clone();
    let connect = Rc::new(move |options: ClientOptions| Client::http(options, time.clone()));
    let report = run(options, connect, clock, CancellationToken::new(), &mut |_| {}).await.unwrap();
    for status in Status::ALL {
        println!("{}: {}", status.as_str(), report.count(status));
    }
    println!("mapping {} in {:?}, left {:?}", report.mapping, report.duration, report.leftovers);
    for result in &report.results {
        for f in &result.findings {
            println!(
                "{:?} {}: [{}] {}\n      expected {}\n",
                f.severity, result.check.id, f.cause, f.observed, f.expected
            );
            if let Some(x) = f.exchange.map(|at| &result.exchanges[at]) {
                println!(
                    "      > {} {} {}",
                    x.method,
                    x.target,
                    String::from_utf8_lossy(&x.request_body.bytes).chars().take(500).collect::<String>()
                );
                println!(
                    "      < {:?} {}",
                    x.status,
                    String::from_utf8_lossy(&x.response_body.bytes).chars().take(500).collect::<String>()
                );
            }
        }
        if let Some(why) = &result.skipped {
            println!("skip {}: {}", result.check.id, why.text());
        }
        for note in &result.notes {
            println!("note {}: {note}", result.check.id);
        }
    }
}
