//! Attributes that every resource has (RFC 7643 section 3.1).

use std::sync::LazyLock;

use super::Attribute;
use super::attribute::{Row, row};
use super::{AttributeType as T, Mutability as M, Returned as R};

const META: &[Row] = &[
    row("resourceType", T::String, "Name of the resource's type").case_exact().mutability(M::ReadOnly),
    row("created", T::DateTime, "When the resource was created").mutability(M::ReadOnly),
    row("lastModified", T::DateTime, "When the resource was last changed").mutability(M::ReadOnly),
    row("location", T::Reference, "Where the resource is found").mutability(M::ReadOnly).references(&["uri"]),
    row("version", T::String, "Version of the resource").case_exact().mutability(M::ReadOnly),
];

const COMMON: &[Row] = &[
    row("schemas", T::Reference, "URNs of the schemas that describe the resource")
        .many()
        .returned(R::Always)
        .references(&["uri"]),
    row("id", T::String, "Identifier that the server gave the resource")
        .case_exact()
        .mutability(M::ReadOnly)
        .returned(R::Always)
        .unique(),
    row("meta", T::Complex, "What the server knows of the resource itself").mutability(M::ReadOnly).parts(META),
];

static ATTRIBUTES: LazyLock<Vec<Attribute>> = LazyLock::new(|| COMMON.iter().map(Row::build).collect());

/// `schemas`, `id` or `meta`, in any letter case.
pub(super) fn find(name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
