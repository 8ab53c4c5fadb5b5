//! Groups, and what not every endpoint has.

use super::*;

#[tokio::test]
async fn survey() {
    for flags in ["", "?aadOptscim062020"] {
        for fault in std::iter::once(None).chain(Fault::all().into_iter().map(Some)) {
            let name = fault.as_ref().map(|fault| fault.name().to_owned());
            let mut world = World { flags, ..World::new("scim") };
            if let Some(name) = &name {
                world.faults = vec![Box::leak(name.clone().into_boxed_str())];
            }
            world.only = [
                "groups",
                "users.manager",
                "users.enterprise",
                "users.extension",
                "users.multivalue",
                "users.roles",
                "users.unicode",
            ]
            .map(str::to_owned)
            .to_vec();
            let (_, report) = world.check().await;
            println!("=== {flags} {name:?} {:?}", red(&report));
            println!("{}", told(&report));
            for result in &report.results {
                for note in &result.notes {
                    println!("  note {}: {note}", result.check.id);
                }
            }
        }
    }
}
