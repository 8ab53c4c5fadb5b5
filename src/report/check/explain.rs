//! Pages about the checks themselves, whatever came of them.

use serde_json::{Map, Value, json};

use super::json::described;
use super::microsoft::{Test, counted_under};
use crate::base::nearest;
use crate::check::{Category, Check, checks, find};
use crate::report::FORMAT_VERSION;
use crate::report::style::{dim, heading};

/// Says that there is no check of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCheck {
    /// As it was given.
    pub id: String,
    /// What may have been meant: those that lie under it, or else the one that is most like it.
    pub meant: Vec<&'static str>,
}

impl UnknownCheck {
    /// Looks for what may have been meant.
    pub fn new(id: &str) -> Self {
        let under: Vec<_> =
            checks().filter(|check| !id.is_empty() && check.is_meant_by(id)).map(|check| check.id).collect();
        let meant =
            if under.is_empty() { nearest(id, checks().map(|check| check.id)).into_iter().collect() } else { under };
        Self { id: id.to_owned(), meant }
    }
}

/// All checks as a table: id, category, what it needs, what holds. Where lines are narrow, what holds stands below.
pub fn check_list(is_narrow: bool) -> String {
    let rows: Vec<_> = checks().map(|check| (check, needs(check).unwrap_or_default())).collect();
    let width = |of: fn(&(&'static Check, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (ids, categories, needed) =
        (width(|row| row.0.id.len()), width(|row| row.0.category.as_str().len()), width(|row| row.1.len()));
    let line = |id: &str, category: &str, needs: &str, holds: &str| {
        let columns = format!("{id:ids$}  {category:categories$}  {needs:needed$}");
        if is_narrow { format!("{}\n  {holds}", columns.trim_end()) } else { format!("{columns}  {holds}") }
    };
    let mut lines = vec![heading(line("id", "category", "needs", "holds"))];
    lines.extend(rows.iter().map(|(check, needs)| line(check.id, check.category.as_str(), needs, check.holds)));
    lines.join("\n")
}

/// All checks: `{"formatVersion", "checks": […]}`, each as [`explain_check_json`] has it but for the version.
pub fn check_list_json() -> Value {
    let checks: Vec<_> = checks().map(|check| Value::Object(page(check))).collect();
    json!({ "formatVersion": FORMAT_VERSION, "checks": checks })
}

/// One check: `formatVersion`, `id`, `family`, `category`, `holds`, `reference`, `effect`, `remedy`, `needs`, `writes`,
/// `microsoft` with the names of its tests by `gallery` and `validator`.
pub fn explain_check_json(id: &str) -> Result<Value, UnknownCheck> {
    let check = find(id).ok_or_else(|| UnknownCheck::new(id))?;
    let mut members = Map::from_iter([("formatVersion".to_owned(), json!(FORMAT_VERSION))]);
    members.extend(page(check));
    Ok(Value::Object(members))
}

fn page(check: &Check) -> Map<String, Value> {
    let mut members = described(check);
    let needs: Vec<_> = check.needs.iter().map(|need| need.as_str()).collect();
    let names = |tests: Vec<&Test>| tests.iter().map(|test| test.name).collect::<Vec<_>>();
    let [gallery, validator] = counted_under(check.id).map(names);
    members.insert("needs".to_owned(), json!(needs));
    members.insert("writes".to_owned(), json!(check.writes()));
    members.insert("microsoft".to_owned(), json!({ "gallery": gallery, "validator": validator }));
    members
}

/// A page about one check.
pub fn explain_check(id: &str) -> Result<String, UnknownCheck> {
    let check = find(id).ok_or_else(|| UnknownCheck::new(id))?;
    let weighs = match check.category {
        Category::Mandatory => "mandatory: the service needs it, and a failure fails the run",
        Category::Capability => {
            "mandatory where the mapping or the endpoint has it: then a failure fails the run, otherwise it is skipped"
        }
        Category::Recommended => "recommended: the service can do without it, and a failure is a warning",
    };
    let mut lines = vec![heading(check.id), dim(weighs)];
    let mut part = |title: &str, text: String| lines.extend([String::new(), heading(title), format!("  {text}")]);
    part("What holds when it passes", check.holds.to_owned());
    part("Why", check.reference.to_owned());
    part("How a failure shows with Microsoft's service", check.effect.to_owned());
    part("What to change", check.remedy.to_owned());
    part("What it needs", needs(check).unwrap_or_else(|| "nothing: it only reads".to_owned()));
    let names = |tests: &[&Test]| tests.iter().map(|test| test.label()).collect::<Vec<_>>().join(", ");
    let [gallery, validator] = counted_under(check.id);
    let counted = [("gallery validation", gallery), ("SCIM Validator", validator)]
        .into_iter()
        .filter(|(_, tests)| !tests.is_empty())
        .map(|(of, tests)| format!("{of}: {}", names(&tests)));
    let counted: Vec<_> = counted.collect();
    let counted = if counted.is_empty() { "none of them asks this".to_owned() } else { counted.join("\n  ") };
    part("Where Microsoft's own tests ask it", counted);
    part("To try it alone", format!("scimulate check --only {}", check.id));
    Ok(lines.join("\n"))
}

/// What has to be there for a check, if anything.
fn needs(check: &Check) -> Option<String> {
    let needs: Vec<_> = check.needs.iter().map(|need| need.as_str()).collect();
    (!needs.is_empty()).then(|| needs.join(", "))
}

impl std::fmt::Display for UnknownCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no check `{}`", self.id)?;
        match self.meant.as_slice() {
            [] => Ok(()),
            [one] => write!(f, ", did you mean `{one}`?"),
            several => write!(f, "; these lie under it: {}", several.join(", ")),
        }
    }
}

impl std::error::Error for UnknownCheck {}
