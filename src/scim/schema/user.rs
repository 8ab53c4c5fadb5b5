//! The core User schema and its enterprise extension as tables (RFC 7643 sections 4.1 and 4.3).

use super::attribute::{Row, row};
use super::{AttributeType as T, Mutability as M, Returned as R};

const NAME: &[Row] = &[
    row("formatted", T::String, "Full name, ready for display"),
    row("familyName", T::String, "Family name or last name"),
    row("givenName", T::String, "Given name or first name"),
    row("middleName", T::String, "Middle names"),
    row("honorificPrefix", T::String, "Title before the name"),
    row("honorificSuffix", T::String, "Title after the name"),
];

const DISPLAY: Row = row("display", T::String, "Name of the entry for display");
const PRIMARY: Row = row("primary", T::Boolean, "Whether this is the preferred entry; true for at most one");
const TYPE: Row = row("type", T::String, "What the entry is for");

const EMAILS: &[Row] =
    &[row("value", T::String, "E-mail address"), DISPLAY, TYPE.canonical(&["work", "home", "other"]), PRIMARY];

const PHONE_NUMBERS: &[Row] = &[
    row("value", T::String, "Telephone number"),
    DISPLAY,
    TYPE.canonical(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IMS: &[Row] = &[
    row("value", T::String, "Instant messaging address"),
    DISPLAY,
    TYPE.canonical(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", "other"]),
    PRIMARY,
];

const PHOTOS: &[Row] = &[
    row("value", T::Reference, "Address of a picture").references(&["external"]),
    DISPLAY,
    TYPE.canonical(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESSES: &[Row] = &[
    row("formatted", T::String, "Full address, ready for display"),
    row("streetAddress", T::String, "Street and number"),
    row("locality", T::String, "City"),
    row("region", T::String, "State or region"),
    row("postalCode", T::String, "Postal code"),
    row("country", T::String, "Country, two letters of ISO 3166-1"),
    TYPE.canonical(&["work", "home", "other"]),
    PRIMARY,
];

const GROUPS: &[Row] = &[
    row("value", T::String, "Identifier of the group").case_exact().mutability(M::ReadOnly),
    row("$ref", T::Reference, "Where the group is found").mutability(M::ReadOnly).references(&["User", "Group"]),
    row("display", T::String, "Name of the group").mutability(M::ReadOnly),
    row("type", T::String, "How the user is a member").canonical(&["direct", "indirect"]).mutability(M::ReadOnly),
];

const ENTITLEMENTS: &[Row] = &[row("value", T::String, "Entitlement"), DISPLAY, TYPE, PRIMARY];
const ROLES: &[Row] = &[row("value", T::String, "Role"), DISPLAY, TYPE, PRIMARY];
const CERTIFICATES: &[Row] = &[row("value", T::Binary, "X.509 certificate, DER in base64"), DISPLAY, TYPE, PRIMARY];

/// Attributes of a user.
pub(super) const USER: &[Row] = &[
    row("userName", T::String, "Name that the user signs in with, unique among users").required().unique(),
    row("externalId", T::String, "Identifier that the client gave the user").case_exact(),
    row("name", T::Complex, "Parts of the user's name").parts(NAME),
    row("displayName", T::String, "Name for display"),
    row("nickName", T::String, "Casual name"),
    row("profileUrl", T::Reference, "Address of the user's profile").references(&["external"]),
    row("title", T::String, "Job title"),
    row("userType", T::String, "Relation to the organisation"),
    row("preferredLanguage", T::String, "Preferred languages, as in Accept-Language"),
    row("locale", T::String, "Language tag for dates and numbers"),
    row("timezone", T::String, "Time zone of the IANA database"),
    row("active", T::Boolean, "Whether the user can sign in"),
    row("password", T::String, "Password in clear text").case_exact().mutability(M::WriteOnly).returned(R::Never),
    row("emails", T::Complex, "E-mail addresses").many().parts(EMAILS),
    row("phoneNumbers", T::Complex, "Telephone numbers").many().parts(PHONE_NUMBERS),
    row("ims", T::Complex, "Instant messaging addresses").many().parts(IMS),
    row("photos", T::Complex, "Pictures").many().parts(PHOTOS),
    row("addresses", T::Complex, "Postal addresses").many().parts(ADDRESSES),
    row("groups", T::Complex, "Groups that the user belongs to").many().mutability(M::ReadOnly).parts(GROUPS),
    row("entitlements", T::Complex, "Things that the user has a right to").many().parts(ENTITLEMENTS),
    row("roles", T::Complex, "Roles of the user").many().parts(ROLES),
    row("x509Certificates", T::Complex, "Certificates").many().parts(CERTIFICATES),
];

const MANAGER: &[Row] = &[
    row("value", T::String, "Identifier of the manager's user").case_exact(),
    row("$ref", T::Reference, "Where the manager is found").references(&["User"]),
    row("displayName", T::String, "Name of the manager").mutability(M::ReadOnly),
];

/// Attributes of the enterprise extension.
pub(super) const ENTERPRISE: &[Row] = &[
    row("employeeNumber", T::String, "Number that the organisation gave the person"),
    row("costCenter", T::String, "Cost centre"),
    row("organization", T::String, "Organisation"),
    row("division", T::String, "Division"),
    row("department", T::String, "Department"),
    row("manager", T::Complex, "The user's manager").parts(MANAGER),
];
