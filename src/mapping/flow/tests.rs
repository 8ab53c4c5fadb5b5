//! Each kind of source against each kind of value.

use serde_json::json;

use super::*;
use crate::directory::AttributeNames;
use crate::schema::TargetAttribute;
use crate::scim::{AttributePath, Mutability};

fn attribute(kind: AttributeType, source: AttributeSource, slots: Vec<crate::directory::Slot>) -> AttributeMapping {
    AttributeMapping {
        redacted: false,
        target: TargetAttribute {
            name: "x".to_owned(),
            path: AttributePath::parse("x").unwrap(),
            kind,
            multivalued: false,
            case_exact: false,
            required: false,
            mutability: Mutability::ReadWrite,
        },
        source,
        default: None,
        flow: FlowType::Always,
        flow_always: false,
        slots,
        text: String::new(),
    }
}

fn direct_mapping(kind: AttributeType) -> AttributeMapping {
    let slot = AttributeNames::default().slot("a");
    attribute(kind, AttributeSource::Direct(slot), vec![slot])
}

fn text(text: &str) -> AttributeValue<'_> {
    AttributeValue::String(Cow::Borrowed(text))
}

fn flow(mapping: &AttributeMapping, value: &AttributeValue<'_>) -> Result<Flow, MappingError> {
    evaluate_one(mapping, &Environment::new(std::slice::from_ref(value)))
}

#[test]
fn values_take_the_type_of_the_target() {
    use AttributeType::{Boolean, Integer, String};
    let several = || AttributeValue::Strings(vec![Cow::Borrowed("1"), Cow::Borrowed(""), Cow::Borrowed("2")]);
    for (kind, value, expected) in [
        (String, text("Ann"), Flow::Value(json!("Ann"))),
        (String, text(""), Flow::Nothing),
        (String, AttributeValue::Null, Flow::Nothing),
        (String, AttributeValue::Unknown, Flow::Unknown),
        (String, AttributeValue::Bool(true), Flow::Value(json!("True"))),
        (String, several(), Flow::Value(json!(["1", "2"]))),
        (Integer, several(), Flow::Value(json!([1, 2]))),
        (Integer, text("-7"), Flow::Value(json!(-7))),
        (Integer, text("many"), Flow::Value(json!("many"))),
        (Boolean, text("FALSE"), Flow::Value(json!(false))),
        (Boolean, text("perhaps"), Flow::Value(json!("perhaps"))),
        (Boolean, AttributeValue::Bool(false), Flow::Value(json!(false))),
        (String, AttributeValue::Strings(Vec::new()), Flow::Nothing),
        (AttributeType::Reference, text("manager"), Flow::Nothing),
    ] {
        assert_eq!(flow(&direct_mapping(kind), &value), Ok(expected), "{kind:?} {value:?}");
    }
}

#[test]
fn defaults_and_additions_count_on_create_alone() {
    let mut mapping = direct_mapping(AttributeType::Integer);
    mapping.default = Some("5".to_owned());
    for (flow_type, value, expected) in [
        (FlowType::Always, text("7"), Flow::Value(json!(7))),
        (FlowType::Always, AttributeValue::Null, Flow::OnCreate(json!(5))),
        (FlowType::Always, text(""), Flow::OnCreate(json!(5))),
        (FlowType::Always, AttributeValue::Unknown, Flow::Unknown),
        (FlowType::ObjectAddOnly, text("7"), Flow::OnCreate(json!(7))),
        (FlowType::AttributeAddOnly, text("7"), Flow::Value(json!(7))),
    ] {
        mapping.flow = flow_type;
        assert_eq!(flow(&mapping, &value), Ok(expected), "{flow_type:?} {value:?}");
    }
    mapping.source = AttributeSource::None;
    mapping.slots.clear();
    assert_eq!(flow(&mapping, &AttributeValue::Unknown), Ok(Flow::OnCreate(json!(5))));
    mapping.source = AttributeSource::Constant("9".to_owned());
    mapping.flow = FlowType::Always;
    assert_eq!(flow(&mapping, &AttributeValue::Unknown), Ok(Flow::Value(json!(9))));
}

#[test]
fn expressions() {
    let mut names = AttributeNames::default();
    names.slot("IsSoftDeleted");
    let text_of = r#"Switch([IsSoftDeleted], , "False", "True", "True", "False")"#;
    let expression = expression::Expression::compile(text_of, &mut names).unwrap();
    let slots = expression.slots().to_vec();
    let mapping = attribute(AttributeType::Boolean, AttributeSource::Expression(expression), slots);
    assert_eq!(flow(&mapping, &AttributeValue::Bool(true)), Ok(Flow::Value(json!(false))));
    assert_eq!(flow(&mapping, &AttributeValue::Bool(false)), Ok(Flow::Value(json!(true))));
    assert_eq!(flow(&mapping, &AttributeValue::Unknown), Ok(Flow::Unknown));
}

#[test]
fn matching_texts() {
    let check = |mapping: &AttributeMapping, value: AttributeValue<'_>, expected: Option<&str>| {
        let values = [value];
        let environment = Environment::new(&values);
        assert_eq!(matching_text(mapping, &environment).as_deref(), expected);
    };
    let direct = direct_mapping(AttributeType::String);
    check(&direct, text("Ann@Contoso.com"), Some("Ann@Contoso.com"));
    check(&direct, text(""), None);
    check(&direct, AttributeValue::Null, None);
    check(&direct, AttributeValue::Unknown, None);
    check(&direct_mapping(AttributeType::Boolean), AttributeValue::Bool(true), Some("true"));
}
