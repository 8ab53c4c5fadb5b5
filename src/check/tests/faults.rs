//! Draft.

use super::*;

#[tokio::test]
async fn draft() {
    let part: usize = std::env::var("PART").map_or(0, |part| part.parse().unwrap());
    let mut names = vec![String::new()];
    names.extend(Fault::all().iter().map(|fault| fault.name().to_owned()));
    for name in names.into_iter().skip(part).step_by(2) {
        let name: &'static str = Box::leak(name.into_boxed_str());
        for flags in ["", "?aadOptscim062020"] {
            let faults = if name.is_empty() { Vec::new() } else { vec![name] };
            let schema = Some(super::groups::extended("AppRoleAssignmentsComplex", true));
            let world = World { flags, faults, schema, concurrency: 1, ..World::new("scim") };
            let started = std::time::Instant::now();
            let (endpoint, report) = world.check().await;
            let blocked: Vec<_> = report
                .results
                .iter()
                .filter(|r| matches!(r.skipped, Some(Skipped::Blocked { .. })))
                .map(|r| r.check.id)
                .collect();
            println!(
                "=== {name}|{flags}|{}|{:?}|left {} {}|requests {}|made {}",
                red(&report).into_iter().collect::<Vec<_>>().join(","),
                started.elapsed(),
                endpoint.resources().unwrap().len(),
                report.leftovers.len(),
                report.requests,
                report.made
            );
            println!("    blocked {blocked:?}");
            for line in told(&report).lines().filter(|l| !l.contains("skipped: the mapping") && !l.contains("(see ")) {
                println!("    {}", line.chars().take(300).collect::<String>());
            }
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
