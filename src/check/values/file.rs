//! `--values FILE`: values for endpoints with rules of their own.

use serde_json::Value;

use super::person::{Person, pick};
use super::realistic::realistic;
use crate::base::{Diagnostic, nearest};
use crate::check::features::is_roles;
use crate::schema::{AttributeMapping, ObjectKind, ObjectMapping};
use crate::scim::{AttributeType, Mutability};

/// Values that the user gives for some attributes; the others are made up.
#[derive(Debug, Clone, Default)]
pub struct Values {
    users: Vec<Given>,
    groups: Vec<Given>,
}

/// The values of one attribute, used in turn.
#[derive(Debug, Clone)]
struct Given {
    attribute: String,
    values: Vec<Value>,
}

impl Values {
    /// Reads TOML: a table `users` and one `groups`, whose keys are target attributes as the mapping names them; each has
    /// a value or a list of them, used in turn. In texts `{unique}` stands for what is unique about the object, which
    /// begins with the prefix, and `{n}` for its number. User names and the display names of groups have to hold it.
    pub fn parse(text: &str, file: &str) -> Result<Self, Box<Diagnostic>> {
        let hint =
            "write for instance\n[users]\nuserName = \"{unique}@corp.example\"\ntitle = [\"Clerk\", \"Manager\"]";
        let fail = |message: String| Box::new(Diagnostic::error(message).in_file(file).with_hint(hint));
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            fail(format!("line {line}: {}", error.message()))
        })?;
        let mut values = Self::default();
        for (name, entries) in table {
            let (list, known_by) = match name.as_str() {
                "users" => (&mut values.users, "userName"),
                "groups" => (&mut values.groups, "displayName"),
                other => {
                    let near = nearest(other, ["users", "groups"]).unwrap_or("users");
                    return Err(fail(format!("there is no table `{other}`, did you mean `{near}`?")));
                }
            };
            let toml::Value::Table(entries) = entries else {
                return Err(fail(format!("`{name}` is a table of attributes with their values")));
            };
            for (attribute, value) in entries {
                let several = match value {
                    toml::Value::Array(values) if !values.is_empty() => values,
                    toml::Value::Array(_) => return Err(fail(format!("`{attribute}` has no value"))),
                    one => vec![one],
                };
                let values = several.into_iter().map(json).collect::<Option<_>>();
                let values = values.ok_or_else(|| {
                    fail(format!("`{attribute}` is a text, a number or a boolean, or a list of such values"))
                })?;
                let given = Given { attribute, values };
                if given.attribute.eq_ignore_ascii_case(known_by) && !given.values.iter().all(is_unique) {
                    return Err(fail(format!(
                        "each value of `{}` has to hold `{{unique}}`: by it what was made is told from what others have",
                        given.attribute
                    )));
                }
                list.push(given);
            }
        }
        Ok(values)
    }

    /// Attributes that no mapping has.
    pub fn unknown(&self, users: &ObjectMapping, groups: Option<&ObjectMapping>) -> Vec<String> {
        let of = |given: &[Given], mapping: Option<&ObjectMapping>| {
            let has = |name: &str| {
                mapping.is_some_and(|mapping| {
                    mapping.attributes.iter().any(|known| known.target.name.eq_ignore_ascii_case(name))
                })
            };
            let names = given.iter().map(|given| given.attribute.clone());
            names.filter(|name| !has(name)).collect::<Vec<_>>()
        };
        let mut unknown = of(&self.users, Some(users));
        unknown.extend(of(&self.groups, groups));
        unknown
    }

    /// The values of an object in all attributes of a mapping that a client sets, in schema order: neither references
    /// nor app roles, and nothing that only the target writes.
    pub(in crate::check) fn of(&self, mapping: &ObjectMapping, person: &Person, round: u32) -> Vec<(usize, Value)> {
        let all = mapping.attributes.iter().enumerate();
        all.filter(|(_, attribute)| is_settable(attribute))
            .map(|(index, attribute)| (index, self.one(mapping.kind, attribute, person, round)))
            .collect()
    }

    /// Whether the user gives values for an attribute.
    pub(in crate::check) fn gives(&self, kind: ObjectKind, attribute: &str) -> bool {
        self.given(kind, attribute).is_some()
    }

    fn given(&self, kind: ObjectKind, attribute: &str) -> Option<&Given> {
        let given = match kind {
            ObjectKind::User => &self.users,
            ObjectKind::Group => &self.groups,
        };
        given.iter().find(|given| given.attribute.eq_ignore_ascii_case(attribute))
    }

    /// The value of one attribute.
    pub(in crate::check) fn one(
        &self,
        kind: ObjectKind,
        attribute: &AttributeMapping,
        person: &Person,
        round: u32,
    ) -> Value {
        match self.given(kind, &attribute.target.name) {
            Some(given) => filled(&pick_value(&given.values, person.number + round), person, round),
            None => realistic(kind, &attribute.target, person, round),
        }
    }
}

/// Whether a value is another one for each object.
fn is_unique(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{unique}"))
}

fn pick_value(values: &[Value], turn: u32) -> Value {
    let references: Vec<&Value> = values.iter().collect();
    pick(&references, turn).clone()
}

fn filled(value: &Value, person: &Person, round: u32) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let unique = if round == 0 { person.unique() } else { format!("{}-r{round}", person.unique()) };
    Value::String(text.replace("{unique}", &unique).replace("{n}", &(person.number + round).to_string()))
}

/// Whether a client gives the attribute its value as a plain one.
pub(in crate::check) fn is_settable(mapping: &AttributeMapping) -> bool {
    let target = &mapping.target;
    let path = &target.path;
    let is_common =
        ["id", "meta", "schemas", "members", "groups"].iter().any(|name| path.attribute.eq_ignore_ascii_case(name));
    target.kind != AttributeType::Reference
        && target.mutability != Mutability::ReadOnly
        && !is_roles(mapping)
        && !is_common
}

fn json(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(_) | toml::Value::Table(_) => return None,
    })
}
