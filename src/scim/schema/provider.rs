//! What an endpoint says of itself, as tables (RFC 7643 sections 5, 6 and 7).

use super::attribute::{Row, row};
use super::{AttributeType as T, Mutability as M, Returned as R};

const fn told(name: &'static str, kind: T, description: &'static str) -> Row {
    row(name, kind, description).mutability(M::ReadOnly)
}

const SUPPORTED: Row = told("supported", T::Boolean, "Whether it is supported").required();

const BULK: &[Row] = &[
    SUPPORTED,
    told("maxOperations", T::Integer, "How many operations a request may have").required(),
    told("maxPayloadSize", T::Integer, "How many bytes a request may have").required(),
];

const FILTER: &[Row] = &[SUPPORTED, told("maxResults", T::Integer, "How many resources a page may have").required()];

const SCHEMES: &[Row] = &[
    told("type", T::String, "Kind of scheme").required().canonical(&[
        "oauth",
        "oauth2",
        "oauthbearertoken",
        "httpbasic",
        "httpdigest",
    ]),
    told("name", T::String, "Common name of the scheme").required(),
    told("description", T::String, "What the scheme is").required(),
    told("specUri", T::Reference, "Where the scheme is specified").references(&["external"]),
    told("documentationUri", T::Reference, "How the scheme is used").references(&["external"]),
    told("primary", T::Boolean, "Whether this is the preferred scheme"),
];

/// Attributes of the service provider's configuration.
pub(super) const CONFIGURATION: &[Row] = &[
    told("documentationUri", T::Reference, "Documentation for people").references(&["external"]),
    told("patch", T::Complex, "PATCH").required().parts(&[SUPPORTED]),
    told("bulk", T::Complex, "Bulk operations").required().parts(BULK),
    told("filter", T::Complex, "Filters").required().parts(FILTER),
    told("changePassword", T::Complex, "Changes of passwords").required().parts(&[SUPPORTED]),
    told("sort", T::Complex, "Sorted lists").required().parts(&[SUPPORTED]),
    told("etag", T::Complex, "Versions of resources").required().parts(&[SUPPORTED]),
    told("authenticationSchemes", T::Complex, "How clients say who they are").required().many().parts(SCHEMES),
];

const EXTENSIONS: &[Row] = &[
    told("schema", T::Reference, "URN of the extension").required().references(&["uri"]),
    told("required", T::Boolean, "Whether every resource has the extension").required(),
];

/// Attributes of a resource type.
pub(super) const RESOURCE_TYPE: &[Row] = &[
    told("id", T::String, "Identifier of the resource type"),
    told("name", T::String, "Name of the resource type").required(),
    told("description", T::String, "What the resources are"),
    told("endpoint", T::Reference, "Where the resources are, below the endpoint").required().references(&["uri"]),
    told("schema", T::Reference, "URN of the resources' own schema").required().references(&["uri"]),
    told("schemaExtensions", T::Complex, "Extensions that the resources may have").many().parts(EXTENSIONS),
];

const NAME: Row = told("name", T::String, "Name of the attribute").required().case_exact();
const KIND: Row = told("type", T::String, "Data type").required().canonical(&[
    "string",
    "complex",
    "boolean",
    "decimal",
    "integer",
    "dateTime",
    "reference",
    "binary",
]);
const MULTI_VALUED: Row = told("multiValued", T::Boolean, "Whether there can be several values").required();
const DESCRIPTION: Row = told("description", T::String, "What the attribute is");
const REQUIRED: Row = told("required", T::Boolean, "Whether it can't be left out").required();
const CANONICAL: Row = told("canonicalValues", T::String, "Suggested values").many().case_exact();
const CASE_EXACT: Row = told("caseExact", T::Boolean, "Whether letter case counts");
const MUTABILITY: Row = told("mutability", T::String, "When it can be written").required().case_exact().canonical(&[
    "readOnly",
    "readWrite",
    "immutable",
    "writeOnly",
]);
const RETURNED: Row = told("returned", T::String, "When it is returned")
    .required()
    .case_exact()
    .canonical(&["always", "never", "default", "request"]);
const UNIQUENESS: Row = told("uniqueness", T::String, "How far its values are unique")
    .case_exact()
    .canonical(&["none", "server", "global"]);
const REFERENCES: Row = told("referenceTypes", T::String, "What it may refer to").many().case_exact();

const PARTS: &[Row] = &[
    NAME,
    KIND,
    MULTI_VALUED,
    DESCRIPTION,
    REQUIRED,
    CANONICAL,
    CASE_EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCES,
];

const ATTRIBUTES: &[Row] = &[
    NAME,
    KIND,
    MULTI_VALUED,
    DESCRIPTION,
    REQUIRED,
    CANONICAL,
    CASE_EXACT,
    MUTABILITY,
    RETURNED,
    UNIQUENESS,
    REFERENCES,
    told("subAttributes", T::Complex, "Parts of a complex attribute").many().parts(PARTS),
];

/// Attributes of a schema.
pub(super) const SCHEMA: &[Row] = &[
    told("id", T::Reference, "URN of the schema").required().returned(R::Always).references(&["uri"]),
    told("name", T::String, "Name of the schema"),
    told("description", T::String, "What the schema is for"),
    told("attributes", T::Complex, "Attributes of the schema").required().many().parts(ATTRIBUTES),
];
