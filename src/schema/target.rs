//! The target's user object as a SCIM schema.

use std::borrow::Cow;

use super::compile::{attribute_type, mutability};
use super::document::Document;
use super::select::{Selection, select};
use super::view::AttributeDefinition;
use crate::base::Diagnostic;
use crate::scim::{Attribute, AttributePath, AttributeType, ResourceSchema, urn};

/// The users that a target with the document's attribute list keeps, for an endpoint that stands in for
/// it.
///
/// Attributes of RFC 7643 have their characteristics from there, and entries of several values all
/// their parts; type, letter case, mutability and whether it is required are the document's. An
/// enterprise object brings the enterprise extension along, even without attributes of it. Names that
/// aren't SCIM paths are left out.
pub fn target_definition(document: &Document) -> Result<ResourceSchema, Box<Diagnostic>> {
    let Selection { mapping, target, .. } = select(document, &mut Vec::new())?.users;
    let target = target.ok_or_else(|| {
        Diagnostic::error(format!("the schema doesn't define the target object `{}`", mapping.target_object))
            .in_file(document.file())
            .with_hint("download the schema with its directories")
    })?;
    let known = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    let mut schema = ResourceSchema { attributes: Vec::new(), extensions: Vec::new(), ..ResourceSchema::user() };
    if target.name.eq_ignore_ascii_case(urn::ENTERPRISE_USER) {
        extension(&mut schema, urn::ENTERPRISE_USER, &known);
    }
    for definition in target.attributes.iter().filter(|definition| !definition.anchor) {
        if let Ok(path) = AttributePath::parse(&definition.name) {
            add(&mut schema, &path, definition, &known);
        }
    }
    Ok(schema)
}

fn add(schema: &mut ResourceSchema, path: &AttributePath, definition: &AttributeDefinition, known: &ResourceSchema) {
    if ["schemas", "id", "meta"].iter().any(|common| common.eq_ignore_ascii_case(&path.attribute)) {
        return;
    }
    let (list, model) = match &path.urn {
        Some(id) if !id.eq_ignore_ascii_case(&schema.id) => {
            let model = known.extension(id).and_then(|extension| find(&extension.attributes, &path.attribute));
            (&mut extension(schema, id, known).attributes, model)
        }
        _ => (&mut schema.attributes, find(&known.attributes, &path.attribute)),
    };
    let index = list.iter().position(|attribute| attribute.name.eq_ignore_ascii_case(&path.attribute));
    let index = index.unwrap_or_else(|| {
        list.push(owner(path, model));
        list.len() - 1
    });
    let attribute = &mut list[index];
    let Some(part) = &path.sub_attribute else {
        attribute.multi_valued |= definition.multivalued;
        // A complex attribute of the standard stays one, though documents have no such type.
        return refine(attribute, definition);
    };
    let place = attribute.sub_attributes.iter().position(|known| known.name.eq_ignore_ascii_case(part));
    let place = place.unwrap_or_else(|| {
        let standard = model.and_then(|model| model.sub_attribute(part)).cloned();
        attribute.sub_attributes.push(standard.unwrap_or_else(|| Attribute::new(part.clone(), AttributeType::String)));
        attribute.sub_attributes.len() - 1
    });
    refine(&mut attribute.sub_attributes[place], definition);
}

/// The attribute that a path begins with, before anything is known of its parts.
fn owner(path: &AttributePath, model: Option<&Attribute>) -> Attribute {
    let several = path.filter.is_some();
    let Some(model) = model else {
        if path.sub_attribute.is_none() && !several {
            return Attribute::new(path.attribute.clone(), AttributeType::String);
        }
        let mut attribute = Attribute::new(path.attribute.clone(), AttributeType::Complex);
        attribute.multi_valued = several;
        if several {
            let part = |name: &'static str, kind| Attribute::new(Cow::Borrowed(name), kind);
            attribute.sub_attributes =
                vec![part("type", AttributeType::String), part("primary", AttributeType::Boolean)];
        }
        return attribute;
    };
    let mut attribute = model.clone();
    if path.sub_attribute.is_some() && !attribute.multi_valued {
        attribute.sub_attributes.clear();
    }
    attribute
}

/// Takes over what the document says.
fn refine(attribute: &mut Attribute, definition: &AttributeDefinition) {
    if attribute.kind != AttributeType::Complex {
        attribute.kind = attribute_type(definition);
        attribute.case_exact = definition.case_exact;
    }
    attribute.required = definition.required;
    attribute.mutability = mutability(definition);
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

fn extension<'s>(schema: &'s mut ResourceSchema, id: &str, known: &ResourceSchema) -> &'s mut ResourceSchema {
    let index = schema.extensions.iter().position(|extension| extension.id.eq_ignore_ascii_case(id));
    let index = index.unwrap_or_else(|| {
        let standard = known.extension(id);
        schema.extensions.push(ResourceSchema {
            id: standard.map_or_else(|| id.to_owned(), |standard| standard.id.clone()),
            name: standard.map_or_else(|| "Extension".to_owned(), |standard| standard.name.clone()),
            description: standard.map_or_else(String::new, |standard| standard.description.clone()),
            attributes: Vec::new(),
            extensions: Vec::new(),
        });
        schema.extensions.len() - 1
    });
    &mut schema.extensions[index]
}
