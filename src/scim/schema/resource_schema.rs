//! All attributes of one type of resource.

use serde_json::{Value, json};

use super::attribute::Row;
use super::group::GROUP;
use super::user::{ENTERPRISE, USER};
use super::{Attribute, common, provider};
use crate::scim::{AttributePath, urn};

/// A schema: the attributes of a resource, and the extensions that the resource may carry.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceSchema {
    /// URN.
    pub id: String,
    /// Name of the schema, as of the resource type: `User`.
    pub name: String,
    /// One sentence for the schema document.
    pub description: String,
    /// Attributes; `schemas`, `id` and `meta` go without saying.
    pub attributes: Vec<Attribute>,
    /// Extensions, each under its URN in the resource.
    pub extensions: Vec<ResourceSchema>,
}

/// What a path means in a schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::scim) struct Resolved<'s> {
    /// Extension that the attribute belongs to; `None` for core attributes.
    pub(in crate::scim) extension: Option<&'s ResourceSchema>,
    /// The attribute; `None` when the path names the extension or the whole resource.
    pub(in crate::scim) attribute: Option<&'s Attribute>,
    /// The sub-attribute.
    pub(in crate::scim) sub_attribute: Option<&'s Attribute>,
}

impl ResourceSchema {
    /// The core User schema without extensions (RFC 7643 section 4.1), `externalId` included.
    pub fn user() -> Self {
        Self::from_rows(urn::USER, "User", "User account", USER)
    }

    /// The enterprise extension of users (RFC 7643 section 4.3).
    pub fn enterprise_user() -> Self {
        Self::from_rows(urn::ENTERPRISE_USER, "EnterpriseUser", "Enterprise user", ENTERPRISE)
    }

    /// The core Group schema (RFC 7643 section 4.2), `externalId` included.
    pub fn group() -> Self {
        Self::from_rows(urn::GROUP, "Group", "Group", GROUP)
    }

    /// The schemas of what an endpoint says of itself: its configuration, resource types, schemas.
    pub fn provider() -> [Self; 3] {
        [
            Self::from_rows(
                urn::SERVICE_PROVIDER_CONFIG,
                "ServiceProviderConfig",
                "What the endpoint supports",
                provider::CONFIGURATION,
            ),
            Self::from_rows(urn::RESOURCE_TYPE, "ResourceType", "A type of resource", provider::RESOURCE_TYPE),
            Self::from_rows(urn::SCHEMA, "Schema", "Attributes and their characteristics", provider::SCHEMA),
        ]
    }

    fn from_rows(id: &str, name: &str, description: &str, rows: &[Row]) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            attributes: rows.iter().map(Row::build).collect(),
            extensions: Vec::new(),
        }
    }

    /// Adds an extension.
    #[must_use]
    pub fn with_extension(mut self, extension: Self) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Keeps only the named attributes and sub-attributes (`displayName`, `name.givenName`); a complex
    /// attribute named alone keeps all its parts. Extensions stay.
    #[must_use]
    pub fn keeping(mut self, paths: &[&str]) -> Self {
        let named = |name: &str| paths.iter().any(|path| path.eq_ignore_ascii_case(name));
        self.attributes.retain_mut(|attribute| {
            if named(&attribute.name) {
                return true;
            }
            let owner = attribute.name.clone();
            attribute.sub_attributes.retain(|part| named(&format!("{owner}.{}", part.name)));
            !attribute.sub_attributes.is_empty()
        });
        self
    }

    /// A top-level attribute by name, in any letter case; `schemas`, `id` and `meta` are always there.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.own_attribute(name).or_else(|| common::find(name))
    }

    /// Likewise, without those that every resource has: what an extension can have.
    pub(crate) fn own_attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// An extension by its URN, in any letter case.
    pub fn extension(&self, id: &str) -> Option<&Self> {
        self.extensions.iter().find(|extension| extension.id.eq_ignore_ascii_case(id))
    }

    /// The URNs that `schemas` of a resource may name: its own, and those of the extensions.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.extensions.iter().map(|extension| extension.id.as_str()))
    }

    /// The extension that a bare name means: the first that has an attribute of it, where the core has
    /// none. The service asks for `manager` without its URN.
    pub fn extension_with(&self, attribute: &str) -> Option<&Self> {
        if self.attribute(attribute).is_some() {
            return None;
        }
        self.extensions.iter().find(|extension| extension.own_attribute(attribute).is_some())
    }

    /// The attribute or sub-attribute that a path names, in any letter case: `name.givenName`,
    /// `emails[type eq "work"].value`, `urn:…:User:department`.
    pub fn find(&self, path: &str) -> Option<&Attribute> {
        let path = AttributePath::parse(path).ok()?;
        let resolved = self.resolve(&path)?;
        resolved.sub_attribute.or(resolved.attribute)
    }

    /// What a path names; `None` when the schema doesn't have it.
    pub(in crate::scim) fn resolve(&self, path: &AttributePath) -> Option<Resolved<'_>> {
        let resolved = self.resolve_attribute(path)?;
        let sub_attribute = match (resolved.attribute, &path.sub_attribute) {
            (Some(attribute), Some(name)) => Some(attribute.sub_attribute(name)?),
            _ => None,
        };
        Some(Resolved { sub_attribute, ..resolved })
    }

    /// Likewise, but for its sub-attribute.
    pub(in crate::scim) fn resolve_attribute(&self, path: &AttributePath) -> Option<Resolved<'_>> {
        let whole = |extension| Resolved { extension, attribute: None, sub_attribute: None };
        let (extension, owner) = match &path.urn {
            None if self.id.eq_ignore_ascii_case(&path.attribute) => return Some(whole(None)),
            None => match self.extension(&path.attribute) {
                Some(extension) => return Some(whole(Some(extension))),
                None => (None, self),
            },
            Some(id) if id.eq_ignore_ascii_case(&self.id) => (None, self),
            Some(id) => match self.extension(id) {
                Some(extension) => (Some(extension), extension),
                // an extension whose URN has no version before its name reads like urn + attribute
                None => return Some(whole(Some(self.extension(&format!("{id}:{}", path.attribute))?))),
            },
        };
        let attribute = match extension {
            None => owner.attribute(&path.attribute)?,
            Some(_) => owner.own_attribute(&path.attribute)?,
        };
        Some(Resolved { extension, attribute: Some(attribute), sub_attribute: None })
    }

    /// The schema document (RFC 7643 section 7), extensions not included.
    pub fn to_value(&self) -> Value {
        json!({
            "schemas": [urn::SCHEMA],
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(Attribute::to_value).collect::<Vec<_>>(),
        })
    }
}
