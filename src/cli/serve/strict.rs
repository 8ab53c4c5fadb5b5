//! `--strict` of `scimulate serve`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::scim::{Leniencies, Leniency};

/// What the endpoint doesn't take although the provisioning service sends it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Strict {
    /// Refuse what RFC 7643 and RFC 7644 don't ask an endpoint to take, or of it only these
    #[arg(long, value_name = "NAME,…", num_args = 0..=1, require_equals = true, value_delimiter = ',', value_parser = leniency())]
    strict: Option<Vec<Leniency>>,
}

impl Strict {
    /// What is taken nevertheless.
    pub(crate) fn leniencies(&self) -> Leniencies {
        match self.strict.as_deref() {
            None => Leniencies::ALL,
            Some([]) => Leniencies::STRICT,
            Some(refused) => refused.iter().copied().fold(Leniencies::ALL, Leniencies::without),
        }
    }
}

/// Names of leniencies; `--help` shows them with what they are about.
fn leniency() -> impl TypedValueParser<Value = Leniency> {
    let shown =
        |leniency: Leniency| PossibleValue::new(leniency.name()).help(leniency.explanation().trim_end_matches('.'));
    PossibleValuesParser::new(Leniency::ALL.map(shown)).try_map(|name| Leniency::parse(&name))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        strict: Strict,
        rest: Option<String>,
    }

    fn parse(arguments: &[&str]) -> Result<Line, String> {
        let arguments = std::iter::once("serve").chain(arguments.iter().copied());
        Line::try_parse_from(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn all_or_some_are_refused() {
        let some = Leniencies::ALL.without(Leniency::OperationCase).without(Leniency::DottedKeys);
        for (arguments, expected) in [
            (&[][..], Leniencies::ALL),
            (&["--strict"], Leniencies::STRICT),
            (&["--strict", "rest"], Leniencies::STRICT),
            (&["--strict=operation-case,dotted-keys"], some),
            (&["--strict=operation-case", "--strict=dotted-keys"], some),
        ] {
            let line = parse(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert_eq!(line.strict.leniencies(), expected, "{arguments:?}");
        }
        let error = parse(&["--strict=dotted-key"]).unwrap_err();
        assert!(error.contains("[possible values: operation-case") && error.contains("'dotted-keys'"), "{error}");
    }
}
