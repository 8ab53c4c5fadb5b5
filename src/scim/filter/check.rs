//! Whether a filter makes sense for the attributes that it names (RFC 7644 section 3.4.2.2, table 3).

use super::{Comparison, Filter, Literal};
use crate::scim::document::instant;
use crate::scim::schema::Resolved;
use crate::scim::{Attribute, AttributePath, AttributeType, Leniencies, Leniency, ResourceSchema};

/// Why a filter makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// No schema has the attribute.
    #[error("`{path}` isn't an attribute of {owner}")]
    Unknown {
        /// The attribute as the filter names it.
        path: String,
        /// Resources that could have had it: `User or Group`.
        owner: String,
    },
    /// The attribute isn't compared so.
    #[error("{0}")]
    Unsupported(String),
}

/// An operator with the value on its right; `None` for `pr`.
type Operator<'f> = Option<(Comparison, &'f Literal)>;

impl Filter {
    /// Refuses a filter over attributes that none of the schemas has, and comparisons that an attribute's type doesn't
    /// have.
    pub fn check(&self, schemas: &[&ResourceSchema], leniencies: Leniencies) -> Result<(), FilterError> {
        self.each_leaf(&mut |path, operator| {
            let mut known = schemas.iter().filter_map(|schema| schema.resolve_filtered(path, leniencies)).peekable();
            if known.peek().is_none() {
                let owner = schemas.iter().map(|schema| schema.name.as_str()).collect::<Vec<_>>().join(" or ");
                return Err(FilterError::Unknown { path: path.to_string(), owner });
            }
            known.try_for_each(|resolved| check_leaf(path, &resolved, operator, leniencies))
        })
    }

    /// Likewise for a value filter over the entries of an attribute.
    pub(in crate::scim) fn check_entry(&self, owner: &Attribute, leniencies: Leniencies) -> Result<(), FilterError> {
        self.each_leaf(&mut |path, operator| {
            let unknown = || FilterError::Unsupported(format!("`{path}` isn't part of `{}`", owner.name));
            let bare = path.urn.is_none() && path.sub_attribute.is_none() && path.filter.is_none();
            let part = match owner.sub_attribute(&path.attribute) {
                // entries that aren't complex are their own `value`
                None if owner.sub_attributes.is_empty() && path.attribute.eq_ignore_ascii_case("value") => Some(owner),
                part => part,
            };
            compare(path, part.filter(|_| bare).ok_or_else(unknown)?, operator, leniencies)
        })
    }

    fn each_leaf(
        &self,
        visit: &mut dyn FnMut(&AttributePath, Operator<'_>) -> Result<(), FilterError>,
    ) -> Result<(), FilterError> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().try_for_each(|part| part.each_leaf(visit)),
            Self::Not(inner) => inner.each_leaf(visit),
            Self::Compare { path, comparison, value } => visit(path, Some((*comparison, value))),
            Self::Present(path) | Self::Entry(path) => visit(path, None),
        }
    }
}

impl ResourceSchema {
    /// What a path in a filter names, without a URN too where that is allowed. Entries that aren't complex are their own
    /// `value`.
    pub(in crate::scim) fn resolve_filtered(
        &self,
        path: &AttributePath,
        leniencies: Leniencies,
    ) -> Option<Resolved<'_>> {
        if path.urn.is_none()
            && leniencies.allow(Leniency::BareNames)
            && let Some(extension) = self.extension_with(&path.attribute)
        {
            return self
                .resolve_filtered(&AttributePath { urn: Some(extension.id.clone()), ..path.clone() }, leniencies);
        }
        self.resolve(path).or_else(|| {
            let resolved = self.resolve_attribute(path)?;
            let is_value = path.sub_attribute.as_ref().is_some_and(|name| name.eq_ignore_ascii_case("value"));
            let is_plain = |it: &Attribute| it.multi_valued && it.sub_attributes.is_empty();
            (is_value && resolved.attribute.is_some_and(is_plain)).then_some(resolved)
        })
    }
}

fn check_leaf(
    path: &AttributePath,
    resolved: &Resolved<'_>,
    operator: Operator<'_>,
    leniencies: Leniencies,
) -> Result<(), FilterError> {
    let Some(attribute) = resolved.attribute else {
        return match operator {
            None if path.filter.is_none() => Ok(()),
            _ => Err(FilterError::Unsupported(format!("`{path}` is a whole schema, name an attribute of it"))),
        };
    };
    if let Some(filter) = &path.filter {
        filter.check_entry(attribute, leniencies)?;
    }
    compare(path, resolved.sub_attribute.unwrap_or(attribute), operator, leniencies)
}

/// Whether an attribute can be compared with a value in this way.
fn compare(
    path: &AttributePath,
    attribute: &Attribute,
    operator: Operator<'_>,
    leniencies: Leniencies,
) -> Result<(), FilterError> {
    use AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference, String as Text};
    use Comparison::{Eq, Ne};
    let Some((comparison, literal)) = operator else { return Ok(()) };
    let refuse = |detail: String| Err(FilterError::Unsupported(detail));
    let kind = attribute.kind;
    if kind == Complex {
        // a complex value stands for its `value`, as in `emails co "example.com"`
        return match (attribute.sub_attribute("value"), attribute.sub_attributes.first()) {
            (Some(part), _) => compare(path, part, operator, leniencies),
            (None, Some(part)) => refuse(format!("`{path}` has parts, name one of them: `{path}.{}`", part.name)),
            (None, None) => refuse(format!("`{path}` can't be compared, only `pr` applies")),
        };
    }
    if *literal == Literal::Null {
        return match comparison {
            Eq | Ne => Ok(()),
            _ => refuse(format!("`{comparison}` can't compare with null, only eq and ne can")),
        };
    }
    let texts = matches!(comparison, Comparison::Co | Comparison::Sw | Comparison::Ew);
    let order = !texts && !matches!(comparison, Eq | Ne);
    let supported = match kind {
        Boolean => !texts && !order,
        Binary => !order,
        Integer | Decimal => !texts,
        Text | Reference | DateTime | Complex => true,
    };
    if !supported {
        return refuse(format!("`{comparison}` can't compare `{path}`, which is of type {}", kind.as_str()));
    }
    let fits = match (kind, literal) {
        (Boolean, Literal::Bool(_))
        | (Integer | Decimal, Literal::Number(_))
        | (Text | Reference | Binary, Literal::String(_)) => true,
        (Boolean, Literal::String(text)) => {
            leniencies.allow(Leniency::StringBooleans)
                && (text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"))
        }
        (Integer | Decimal, Literal::String(text)) => {
            leniencies.allow(Leniency::StringNumbers) && text.parse::<serde_json::Number>().is_ok()
        }
        (DateTime, Literal::String(text)) => texts || instant(text).is_some(),
        _ => false,
    };
    if fits { Ok(()) } else { refuse(format!("`{path}` is of type {}, {literal} isn't", kind.as_str())) }
}
