//! Whole config files in, settings or whole messages out.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::scim::Dialect;

const MINIMAL: &str = "[source]\nusers = \"users.csv\"\nassignments = \"a.json\"\n";

fn read(text: &str) -> Result<Settings, ConfigError> {
    parse(text, Path::new("conf/scimulate.toml"), &Overrides::default())
}

#[test]
fn defaults() {
    let settings = read(MINIMAL).unwrap();
    assert_eq!(settings.job, "wedo");
    assert_eq!(settings.state_dir, Path::new("conf/.scimulate"));
    assert_eq!(settings.source.users, Path::new("conf/users.csv"));
    assert_eq!(
        settings.target.tenant,
        Tenant::Embedded { dialect: Dialect::Scim, misspelt_flags: Vec::new() }
    );
    assert_eq!(settings.target.rate, None);
    assert_eq!(settings.target.timeout, Duration::from_secs(30));
    assert_eq!(settings.provisioning.interval, Duration::from_secs(2400));
    assert_eq!(settings.warnings, []);
}
