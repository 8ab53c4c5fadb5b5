//! Where an account isn't as the mapping gives it.

use super::AttributeChange;
use super::planner::{difference, shown};
use crate::mapping::Desired;
use crate::schema::ObjectMapping;
use crate::scim::{Dialect, Mutability, Resource};

/// The attributes that an update would send, each with its mapping's index: `old` is what the account has, `new` what
/// the mapping gives. What can't be read can't be told, and is left out; what is redacted stays so.
pub fn drift(mapping: &ObjectMapping, desired: &Desired, account: &Resource) -> Vec<(usize, AttributeChange)> {
    let mappings = mapping.attributes.iter().zip(desired).enumerate();
    let readable = mappings.filter(|(_, (mapping, _))| mapping.target.mutability != Mutability::WriteOnly);
    // In which dialect it would be sent makes no difference.
    let differences = readable.filter_map(|(index, (mapping, flow))| {
        difference(Dialect::default(), mapping, flow, account).map(|difference| (index, difference))
    });
    differences
        .map(|(index, difference)| {
            let change = AttributeChange {
                attribute: difference.change.name.into(),
                old: difference.old.map(|old| shown(difference.mapping, old)),
                new: Some(shown(difference.mapping, &difference.change.value)),
            };
            (index, change)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::mapping::Flow;
    use crate::plan::REDACTED;
    use crate::schema::{CompileOptions, CompiledSchema, compile, read, template};

    fn rules(change: impl FnOnce(&mut Value)) -> CompiledSchema {
        let mut document: Value = serde_json::from_str(template("wedo").unwrap().text).unwrap();
        change(&mut document["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]);
        compile(&read(&document.to_string(), "test").unwrap(), &CompileOptions::default()).unwrap()
    }

    /// What drifts of a title that the mapping gives.
    fn drifted(rules: &CompiledSchema, flow: &Flow, account: Value) -> Vec<(Option<Value>, Option<Value>)> {
        let mapping = &rules.users;
        let title = mapping.attributes.iter().position(|mapping| mapping.target.name == "title").unwrap();
        let mut desired = vec![Flow::Nothing; mapping.attributes.len()];
        desired[title] = flow.clone();
        let account = Resource::from_value(account).unwrap();
        let found = drift(mapping, &desired, &account);
        assert!(found.iter().all(|(index, change)| *index == title && &*change.attribute == "title"), "{found:?}");
        found.into_iter().map(|(_, change)| (change.old, change.new)).collect()
    }

    #[test]
    fn what_differs_is_told_with_both_values() {
        let rules = rules(|_| {});
        let chief = || Flow::Value(json!("Chief"));
        let check = |flow: Flow, account: Value, expected: &[(Option<Value>, Option<Value>)]| {
            assert_eq!(drifted(&rules, &flow, account.clone()), expected, "{flow:?} {account}");
        };
        check(chief(), json!({"title": "CHIEF"}), &[]);
        check(chief(), json!({"Title": "Boss"}), &[(Some(json!("Boss")), Some(json!("Chief")))]);
        check(chief(), json!({"title": ""}), &[(None, Some(json!("Chief")))]);
        check(Flow::Unknown, json!({"title": "Boss"}), &[]);
        check(Flow::Nothing, json!({"title": "Boss"}), &[]);
        check(Flow::OnCreate(json!("Chief")), json!({"title": "Boss"}), &[]);
    }

    #[test]
    fn redacted_values_are_not_told() {
        let rules = rules(|mappings| {
            let mappings = mappings.as_array_mut().unwrap();
            let title = mappings.iter_mut().find(|mapping| mapping["targetAttributeName"] == "title").unwrap();
            title["source"] = json!({"expression": "Redact([jobTitle])", "type": "Function", "name": "Redact",
                "parameters": [{"key": "0", "value": {"expression": "[jobTitle]", "name": "jobTitle", "type": "Attribute", "parameters": []}}]});
        });
        let redacted = Some(json!(REDACTED));
        let found = drifted(&rules, &Flow::Value(json!("Chief")), json!({"title": "Boss"}));
        assert_eq!(found, [(redacted.clone(), redacted)]);
    }
}
