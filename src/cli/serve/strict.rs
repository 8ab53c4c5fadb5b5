//! `--strict` of `scimulate serve`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::scim::{Leniencies, Leniency};

/// What the endpoint doesn't take although the provisioning service sends it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Strict {
    /// Refuse what RFC 7643 and RFC 7644 don't ask an endpoint to take, all of it or only these
    #[arg(long, value_name = "NAME,…", num_args = 0..=1, require_equals = true, value_delimiter = ',', value_parser = refusals())]
    strict: Option<Vec<Refusal>>,
}

impl Strict {
    /// What is taken nevertheless.
    pub(crate) fn leniencies(&self) -> Leniencies {
        match self.strict.as_deref() {
            None => Leniencies::ALL,
            Some([]) => Leniencies::STRICT,
            Some(refused) => refused.iter().fold(Leniencies::ALL, |allowed, refusal| match refusal {
                Refusal::All => Leniencies::STRICT,
                Refusal::One(leniency) => allowed.without(*leniency),
            }),
        }
    }
}

/// What is refused. A variable in the environment has to say that it is all.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    All,
    One(Leniency),
}

/// Names of leniencies; `--help` shows them with what they are about.
fn refusals() -> impl TypedValueParser<Value = Refusal> {
    const ALL: &str = "all";
    let shown =
        |leniency: Leniency| PossibleValue::new(leniency.name()).help(leniency.explanation().trim_end_matches('.'));
    let all = PossibleValue::new(ALL).help("All of these, as without a name");
    let names = Leniency::ALL.into_iter().map(shown).chain([all]);
    PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        ALL => Ok(Refusal::All),
        name => Leniency::parse(name).map(Refusal::One),
    })
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
            (&["--strict=all"], Leniencies::STRICT),
            (&["--strict=dotted-keys,all"], Leniencies::STRICT),
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
