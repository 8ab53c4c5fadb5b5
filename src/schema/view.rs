//! The document's typed view: what compiling needs, with the place of each piece.

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::compiled::{Actions, FlowType};
use crate::base::Diagnostic;

/// What is wrong at which JSON pointer.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) diagnostic: Box<Diagnostic>,
    pub(super) pointer: String,
}

/// A value of the document with its JSON pointer.
pub(super) struct Cursor<'v> {
    value: &'v Value,
    pointer: String,
}

#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) version: String,
    pub(super) rules: Vec<Rule>,
    pub(super) directories: Vec<Directory>,
}

#[derive(Debug, Clone)]
pub(super) struct Directory {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) objects: Vec<ObjectDefinition>,
}

#[derive(Debug, Clone)]
pub(super) struct ObjectDefinition {
    pub(super) name: String,
    /// `PropertyNameAccountEnabled` of the metadata.
    pub(super) account_enabled: Option<String>,
    pub(super) attributes: Vec<AttributeDefinition>,
    /// Places in `attributes` by name in lower case.
    by_name: FxHashMap<String, Vec<usize>>,
}

#[derive(Debug, Clone)]
pub(super) struct AttributeDefinition {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) anchor: bool,
    pub(super) required: bool,
    pub(super) multivalued: bool,
    pub(super) case_exact: bool,
    pub(super) mutability: String,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) pointer: String,
    pub(super) id: String,
    pub(super) name: String,
    /// `defaultSourceObjectMappings` of the metadata: the mappings before the admin changed them.
    pub(super) defaults: Vec<Mapping>,
    pub(super) priority: i64,
    pub(super) source_directory: String,
    pub(super) target_directory: String,
    pub(super) mappings: Vec<Mapping>,
}

#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) pointer: String,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) source_object: String,
    pub(super) target_object: String,
    pub(super) actions: Actions,
    pub(super) attributes: Vec<Flow>,
    pub(super) filters: Vec<Group>,
    /// Whether there are experimental filter groups, which aren't evaluated.
    pub(super) experimental_filters: bool,
}

/// An attributeMapping.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) pointer: String,
    pub(super) target: String,
    pub(super) source: Option<Source>,
    pub(super) default: Option<String>,
    pub(super) when: FlowType,
    pub(super) always: bool,
    pub(super) matching_priority: i64,
}

/// An attributeMappingSource.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) pointer: String,
    pub(super) kind: SourceKind,
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) parameters: Vec<Self>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Attribute,
    Constant,
    Function,
}

/// A filterGroup.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) title: String,
    pub(super) clauses: Vec<Clause>,
}

/// A filterClause.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    pub(super) pointer: String,
    pub(super) attribute: String,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
}

/// How deep a source's parameters are followed; the parser of expressions has its own limit.
const MAX_PARAMETER_DEPTH: usize = 100;

impl Schema {
    pub(super) fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        Ok(Self {
            version: cursor.text("version")?.unwrap_or_default(),
            rules: cursor.list("synchronizationRules", Rule::read)?,
            directories: cursor.list("directories", Directory::read)?,
        })
    }
}

impl Directory {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        Ok(Self {
            id: cursor.text("id")?.unwrap_or_default(),
            name: cursor.text("name")?.unwrap_or_default(),
            objects: cursor.list("objects", ObjectDefinition::read)?,
        })
    }
}

impl ObjectDefinition {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        let metadata = cursor.list("metadata", |entry| Ok((entry.text("key")?, entry.text("value")?)))?;
        let account_enabled = metadata
            .into_iter()
            .find(|(key, _)| key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case("PropertyNameAccountEnabled")))
            .and_then(|(_, value)| value);
        let attributes = cursor.list("attributes", AttributeDefinition::read)?;
        let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (index, attribute) in attributes.iter().enumerate() {
            by_name.entry(attribute.name.to_ascii_lowercase()).or_default().push(index);
        }
        Ok(Self { name: cursor.text("name")?.unwrap_or_default(), account_enabled, attributes, by_name })
    }

    /// The definition of an attribute; letter case counts only where two differ by nothing else.
    pub(super) fn attribute(&self, name: &str) -> Option<&AttributeDefinition> {
        let alike = self.by_name.get(&name.to_ascii_lowercase())?;
        let exact = alike.iter().find(|index| self.attributes[**index].name == name);
        exact.or_else(|| alike.first()).map(|index| &self.attributes[*index])
    }
}

impl AttributeDefinition {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        Ok(Self {
            name: cursor.text("name")?.unwrap_or_default(),
            kind: cursor.text("type")?.unwrap_or_default(),
            anchor: cursor.flag("anchor")?.unwrap_or_default(),
            required: cursor.flag("required")?.unwrap_or_default(),
            multivalued: cursor.flag("multivalued")?.unwrap_or_default(),
            case_exact: cursor.flag("caseExact")?.unwrap_or_default(),
            mutability: cursor.text("mutability")?.unwrap_or_default(),
        })
    }
}

impl Rule {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        Ok(Self {
            pointer: cursor.pointer.clone(),
            id: cursor.text("id")?.unwrap_or_default(),
            name: cursor.text("name")?.unwrap_or_default(),
            defaults: defaults(cursor)?,
            priority: cursor.integer("priority")?.unwrap_or_default(),
            source_directory: cursor.text("sourceDirectoryName")?.unwrap_or_default(),
            target_directory: cursor.text("targetDirectoryName")?.unwrap_or_default(),
            mappings: cursor.list("objectMappings", Mapping::read)?,
        })
    }
}

/// The mappings that a rule's metadata keeps as JSON in a text. What can't be read there is merely not known.
fn defaults(cursor: &Cursor<'_>) -> Result<Vec<Mapping>, Damage> {
    let metadata = cursor.list("metadata", |entry| Ok((entry.text("key")?, entry.text("value")?)))?;
    let text = metadata.into_iter().find_map(|(key, value)| {
        value.filter(|_| key.is_some_and(|key| key.eq_ignore_ascii_case("defaultSourceObjectMappings")))
    });
    let Some(json) = text.and_then(|text| serde_json::from_str::<Value>(&text).ok()) else { return Ok(Vec::new()) };
    let held = serde_json::json!({ "mappings": json });
    Ok(Cursor::new(&held, "").list("mappings", Mapping::read).unwrap_or_default())
}

impl Mapping {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        let scope = cursor.member("scope")?;
        let groups = |name| scope.as_ref().map_or(Ok(Vec::new()), |scope| scope.list(name, Group::read));
        Ok(Self {
            pointer: cursor.pointer.clone(),
            name: cursor.text("name")?.unwrap_or_default(),
            enabled: cursor.flag("enabled")?.unwrap_or(true),
            source_object: cursor.text("sourceObjectName")?.unwrap_or_default(),
            target_object: cursor.text("targetObjectName")?.unwrap_or_default(),
            actions: actions(cursor)?,
            attributes: cursor.list("attributeMappings", Flow::read)?,
            filters: groups("groups")?,
            experimental_filters: !groups("inputFilterGroups")?.is_empty()
                || !groups("categoryFilterGroups")?.is_empty(),
        })
    }
}

fn actions(cursor: &Cursor<'_>) -> Result<Actions, Damage> {
    let Some(flags) = cursor.text("flowTypes")? else { return Ok(Actions::ALL) };
    let mut actions = Actions { create: false, update: false, delete: false };
    for flag in flags.split(',').map(str::trim) {
        match flag.to_ascii_lowercase().as_str() {
            "add" => actions.create = true,
            "update" => actions.update = true,
            "delete" => actions.delete = true,
            "none" | "" | LATER => {}
            // The sum of 1 for `Add`, 2 for `Update` and 4 for `Delete`.
            digits if digits.parse::<u8>().is_ok_and(|bits| bits < 8) => {
                let bits: u8 = digits.parse().unwrap_or_default();
                actions = Actions { create: bits & 1 > 0, update: bits & 2 > 0, delete: bits & 4 > 0 };
            }
            _ => {
                let error = Diagnostic::error(format!("`{flag}` isn't one of the `flowTypes`"));
                return Err(
                    cursor.damage_in("flowTypes", error.with_hint("known are `Add`, `Update`, `Delete` and `None`"))
                );
            }
        }
    }
    Ok(actions)
}

impl Flow {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        let when = match cursor.text("flowType")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "0" | "always" | LATER => FlowType::Always,
            "1" | "objectaddonly" => FlowType::ObjectAddOnly,
            "2" | "multivalueaddonly" => FlowType::MultiValueAddOnly,
            "3" | "valueaddonly" => FlowType::ValueAddOnly,
            "4" | "attributeaddonly" => FlowType::AttributeAddOnly,
            other => {
                let error = Diagnostic::error(format!("`{other}` isn't a known `flowType`")).with_hint(
                    "known are `Always`, `ObjectAddOnly`, `MultiValueAddOnly`, `ValueAddOnly` and `AttributeAddOnly`",
                );
                return Err(cursor.damage_in("flowType", error));
            }
        };
        let always = match cursor.text("flowBehavior")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "0" | "flowwhenchanged" | LATER => false,
            "1" | "flowalways" => true,
            other => {
                let error = Diagnostic::error(format!("`{other}` isn't a known `flowBehavior`"));
                let error = error.with_hint("known are `FlowWhenChanged` and `FlowAlways`");
                return Err(cursor.damage_in("flowBehavior", error));
            }
        };
        Ok(Self {
            pointer: cursor.pointer.clone(),
            target: cursor.text("targetAttributeName")?.unwrap_or_default(),
            source: cursor.member("source")?.map(|source| Source::read(&source, 0)).transpose()?,
            default: cursor.text("defaultValue")?.filter(|text| !text.is_empty()),
            when,
            always,
            matching_priority: cursor.integer("matchingPriority")?.unwrap_or_default(),
        })
    }
}

impl Source {
    fn read(cursor: &Cursor<'_>, depth: usize) -> Result<Self, Damage> {
        if depth > MAX_PARAMETER_DEPTH {
            let error = Diagnostic::error(format!("parameters nest deeper than {MAX_PARAMETER_DEPTH} levels"));
            return Err(cursor.damage(error.with_hint("give the mapping an `expression` instead")));
        }
        let kind = match cursor.text("type")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "attribute" | LATER => SourceKind::Attribute,
            "constant" => SourceKind::Constant,
            "function" => SourceKind::Function,
            other => {
                let error = Diagnostic::error(format!("`{other}` isn't a known source `type`"));
                return Err(
                    cursor.damage_in("type", error.with_hint("known are `Attribute`, `Constant` and `Function`"))
                );
            }
        };
        let parameter =
            |entry: &Cursor<'_>| entry.member("value")?.map(|value| Self::read(&value, depth + 1)).transpose();
        Ok(Self {
            pointer: cursor.pointer.clone(),
            kind,
            name: cursor.text("name")?.unwrap_or_default(),
            expression: cursor.text("expression")?.unwrap_or_default(),
            parameters: cursor.list("parameters", parameter)?.into_iter().flatten().collect(),
        })
    }
}

impl Group {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        Ok(Self { title: cursor.text("name")?.unwrap_or_default(), clauses: cursor.list("clauses", Clause::read)? })
    }
}

impl Clause {
    fn read(cursor: &Cursor<'_>) -> Result<Self, Damage> {
        let operand = cursor.member("targetOperand")?;
        let values = operand.map_or(Ok(Vec::new()), |operand| operand.list("values", Cursor::scalar))?;
        Ok(Self {
            pointer: cursor.pointer.clone(),
            attribute: cursor.text("sourceOperandName")?.unwrap_or_default(),
            operator: cursor.text("operatorName")?.unwrap_or_default(),
            values: values.into_iter().flatten().collect(),
        })
    }
}

impl<'v> Cursor<'v> {
    pub(super) fn new(value: &'v Value, pointer: &str) -> Self {
        Self { value, pointer: pointer.to_owned() }
    }

    fn at(&self, step: &str, value: &'v Value) -> Self {
        Cursor { value, pointer: format!("{}/{}", self.pointer, step.replace('~', "~0").replace('/', "~1")) }
    }

    fn damage(&self, diagnostic: Diagnostic) -> Damage {
        let name = self.pointer.rsplit('/').find(|step| step.parse::<usize>().is_err()).unwrap_or_default();
        let diagnostic = if name.is_empty() { diagnostic } else { diagnostic.in_field(name) };
        Damage { diagnostic: Box::new(diagnostic), pointer: self.pointer.clone() }
    }

    fn damage_in(&self, name: &str, diagnostic: Diagnostic) -> Damage {
        self.at(name, self.value).damage(diagnostic)
    }

    /// A value of a wrong JSON type, which mostly comes from PowerShell's `ConvertTo-Json`.
    fn wrong(&self, expected: &str) -> Damage {
        let damaged = self.value.as_str().is_some_and(|text| {
            text.starts_with("@{") || text.starts_with("System.") || text.starts_with("Microsoft.Graph.")
        });
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.damage(if damaged {
            Diagnostic::error(format!("expected {expected}, found the remains of one: PowerShell cut the document off"))
                .with_hint("export again with `ConvertTo-Json -Depth 50`, or download the schema in the portal")
        } else {
            Diagnostic::error(format!("expected {expected}, found {found}"))
                .with_hint("compare with a freshly downloaded schema")
        })
    }

    fn get(&self, name: &str) -> Result<Option<Self>, Damage> {
        match self.value {
            Value::Object(members) => {
                // Stringified mappings have their names in PascalCase.
                let found = members.get_key_value(name).or_else(|| members.get_key_value(&pascal_case(name)));
                Ok(found.filter(|(_, value)| !value.is_null()).map(|(name, value)| self.at(name, value)))
            }
            _ => Err(self.wrong("an object")),
        }
    }

    /// An object; missing, null, `[]` and `{}` are the same.
    fn member(&self, name: &str) -> Result<Option<Self>, Damage> {
        let Some(member) = self.get(name)? else { return Ok(None) };
        match member.value {
            Value::Object(members) => Ok((!members.is_empty()).then_some(member)),
            Value::Array(items) if items.is_empty() => Ok(None),
            _ => Err(member.wrong("an object")),
        }
    }

    /// A list; missing, null, `[]` and `{}` are the same, and nulls in it don't count.
    fn list<T>(&self, name: &str, read: impl Fn(&Cursor<'v>) -> Result<T, Damage>) -> Result<Vec<T>, Damage> {
        let Some(member) = self.get(name)? else { return Ok(Vec::new()) };
        match member.value {
            Value::Array(items) => {
                let present = items.iter().enumerate().filter(|(_, item)| !item.is_null());
                present.map(|(index, item)| read(&member.at(&index.to_string(), item))).collect()
            }
            Value::Object(members) if members.is_empty() => Ok(Vec::new()),
            // PowerShell makes the only element of a list stand for it.
            Value::Object(_) => read(&member).map(|only| vec![only]),
            _ => Err(member.wrong("a list")),
        }
    }

    /// A text; numbers and booleans are taken as they are printed.
    fn text(&self, name: &str) -> Result<Option<String>, Damage> {
        self.get(name)?.map_or(Ok(None), |member| member.scalar())
    }

    fn scalar(&self) -> Result<Option<String>, Damage> {
        match self.value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Bool(_) | Value::Number(_) => Ok(Some(self.value.to_string())),
            Value::Array(_) | Value::Object(_) => Err(self.wrong("a text")),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Damage> {
        let Some(member) = self.get(name)? else { return Ok(None) };
        match member.scalar()?.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "" => Ok(None),
            _ => Err(member.wrong("true or false")),
        }
    }

    fn integer(&self, name: &str) -> Result<Option<i64>, Damage> {
        let Some(member) = self.get(name)? else { return Ok(None) };
        match member.scalar()?.unwrap_or_default().trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| member.wrong("a whole number")),
        }
    }
}

fn pascal_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A value of an enumeration that a newer service has; it stands for the default.
const LATER: &str = "unknownfuturevalue";
