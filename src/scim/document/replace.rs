//! What PUT may change (RFC 7644 section 3.5.1).

use serde_json::{Map, Value};

use super::same::is_same;
use crate::scim::resource::{get, spelling};
use crate::scim::{Attribute, Mutability, PatchError, Resource, ResourceSchema, ScimType};

impl ResourceSchema {
    /// What a resource becomes when an admitted document takes its place: attributes that are left out are cleared,
    /// immutable ones stay, and can't be given another value.
    pub fn replace(&self, current: &Resource, mut given: Resource) -> Result<Resource, PatchError> {
        let members = given.members_mut();
        keep(&self.attributes, current.members(), members, "")?;
        for extension in &self.extensions {
            let Some(Value::Object(current)) = current.get(&extension.id) else { continue };
            let mut inner = match get(members, &extension.id) {
                Some(Value::Object(inner)) => inner.clone(),
                _ => Map::new(),
            };
            keep(&extension.attributes, current, &mut inner, &format!("{}:", extension.id))?;
            if !inner.is_empty() {
                members.insert(extension.id.clone(), Value::Object(inner));
            }
        }
        self.name_extensions(&mut given);
        Ok(given)
    }
}

/// Keeps what is immutable. Entries of several values come and go as a whole, so that their parts need no keeping.
fn keep(
    attributes: &[Attribute],
    current: &Map<String, Value>,
    given: &mut Map<String, Value>,
    before: &str,
) -> Result<(), PatchError> {
    for attribute in attributes {
        let Some(kept) = get(current, &attribute.name).filter(|kept| !kept.is_null()) else { continue };
        let key = spelling(given, &attribute.name);
        if attribute.mutability == Mutability::Immutable {
            match key.and_then(|key| given.get(&key)) {
                None => {
                    given.insert(attribute.name.clone().into_owned(), kept.clone());
                }
                Some(value) if is_same(kept, value, attribute) => {}
                Some(value) => {
                    let detail = format!("`{before}{}` is immutable, it can't become {value}", attribute.name);
                    return Err(PatchError::new(ScimType::Mutability, detail));
                }
            }
        } else if !attribute.multi_valued
            && let Value::Object(kept) = kept
            && let Some(Value::Object(inner)) = key.and_then(|key| given.get_mut(&key))
        {
            keep(&attribute.sub_attributes, kept, inner, &format!("{before}{}.", attribute.name))?;
        }
    }
    Ok(())
}
