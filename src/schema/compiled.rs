//! A schema compiled into what a cycle evaluates.

use std::fmt;

use crate::base::{Diagnostic, Digest};
use crate::directory::{AttributeNames, Slot};
use crate::expression::{Expression, Pattern};
use crate::scim::{AttributePath, AttributeType, Mutability};

/// The rules of one job, compiled once.
#[derive(Debug, Clone)]
pub struct CompiledSchema {
    /// Name of the template, or the file's name without its ending; first part of the job id.
    pub name: String,
    /// The document's `version`, sent as `ADSCIMVersion`.
    pub version: String,
    /// Source attributes of users that the rules look at, in slot order. Computed ones are among
    /// them.
    pub attributes: AttributeNames,
    /// The user mapping.
    pub users: ObjectMapping,
    /// The group mapping, if it is there, enabled and without errors.
    pub groups: Option<ObjectMapping>,
    /// Source attributes of groups that the group mapping looks at, in slot order.
    pub group_attributes: AttributeNames,
    /// What was skipped or looks odd: inbound rules, disabled mappings, unsupported clauses.
    pub notices: Vec<Diagnostic>,
    /// Digest of mappings and filters: another one means that the next cycle is initial.
    pub digest: Digest,
}

impl CompiledSchema {
    /// The mapping of one kind of object with the source attributes that it looks at; groups may have none.
    pub fn mapping(&self, kind: ObjectKind) -> Option<(&ObjectMapping, &AttributeNames)> {
        match kind {
            ObjectKind::User => Some((&self.users, &self.attributes)),
            ObjectKind::Group => self.groups.as_ref().map(|groups| (groups, &self.group_attributes)),
        }
    }

    /// Whether anything refers to other objects.
    pub fn has_references(&self) -> bool {
        std::iter::once(&self.users).chain(&self.groups).any(|mapping| mapping.reference.is_some())
    }
}

/// Users or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl ObjectKind {
    /// `User` or `Group`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// `/Users` or `/Groups`.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// *Target object actions*: which kinds of request are ever sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// `Add`: accounts are created.
    pub create: bool,
    /// `Update`: accounts are changed; disabling is an update.
    pub update: bool,
    /// `Delete`: accounts are deleted.
    pub delete: bool,
}

impl Actions {
    /// Everything is sent.
    pub const ALL: Self = Self { create: true, update: true, delete: true };
}

/// How one kind of object flows.
#[derive(Debug, Clone)]
pub struct ObjectMapping {
    /// Users or groups.
    pub kind: ObjectKind,
    /// Name shown in the portal.
    pub name: String,
    /// `targetObjectName`, for instance the enterprise user's URN.
    pub target_object: String,
    /// `flowTypes`.
    pub actions: Actions,
    /// Attribute mappings in schema order, which is the order of a request.
    pub attributes: Vec<AttributeMapping>,
    /// Indices of the matching attributes in `attributes`, in order of precedence; at least one.
    pub matching: Vec<usize>,
    /// Index of the mapping of `active` (the target's account-enabled property), if there is one.
    pub active: Option<usize>,
    /// Index of the mapping whose values are other objects: `manager` of a user, `members` of a group.
    pub reference: Option<usize>,
    /// Scoping filters: clauses AND, groups OR; none lets everything through.
    pub filters: Vec<FilterGroup>,
}

/// One attribute mapping.
#[derive(Debug, Clone)]
pub struct AttributeMapping {
    /// Where the value goes.
    pub target: TargetAttribute,
    /// Where it comes from.
    pub source: AttributeSource,
    /// `defaultValue`, used on create when the source gives null or empty; never empty itself.
    pub default: Option<String>,
    /// When it flows.
    pub flow: FlowType,
    /// `FlowAlways`: compared in every cycle, also when the source didn't change.
    pub flow_always: bool,
    /// Whether the expression has `Redact` in it: what is shown or logged of the value is `[Redact]`.
    pub redacted: bool,
    /// Source attributes that the value depends on.
    pub slots: Vec<Slot>,
    /// The expression as the admin wrote it; `[name]` for a direct mapping, empty for none.
    pub text: String,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum AttributeSource {
    /// Portal type *None*: only the default, on create.
    None,
    /// Portal type *Direct*.
    Direct(Slot),
    /// Portal type *Constant*.
    Constant(String),
    /// Portal type *Expression*.
    Expression(Expression),
}

/// `flowType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowType {
    /// On create and update.
    Always,
    /// Only when the object is created.
    ObjectAddOnly,
    /// Only adds values to a multi-valued attribute.
    MultiValueAddOnly,
    /// Only adds values.
    ValueAddOnly,
    /// Only where the target has no value.
    AttributeAddOnly,
}

/// The target attribute of a mapping, with its definition.
#[derive(Debug, Clone)]
pub struct TargetAttribute {
    /// Path as the schema writes it: `emails[type eq "work"].value`.
    pub name: String,
    /// The same, parsed.
    pub path: AttributePath,
    /// Data type; `String` where the definition is missing.
    pub kind: AttributeType,
    /// Several values.
    pub multivalued: bool,
    /// Letter case counts in comparisons.
    pub case_exact: bool,
    /// Needed for create.
    pub required: bool,
    /// Whether it can be written and read.
    pub mutability: Mutability,
}

/// One scoping filter: all clauses hold.
#[derive(Debug, Clone)]
pub struct FilterGroup {
    /// *Scoping Filter Title*.
    pub title: String,
    /// Clauses, AND-ed.
    pub clauses: Vec<FilterClause>,
}

/// One clause of a scoping filter.
#[derive(Debug, Clone)]
pub struct FilterClause {
    /// The attribute's slot.
    pub slot: Slot,
    /// The attribute's name.
    pub attribute: String,
    /// Operator with its operand, compiled.
    pub operator: ClauseOperator,
    /// Operand as written; empty for unary operators. Several values mean any of them.
    pub values: Vec<String>,
}

/// The documented operators of scoping filters.
#[derive(Debug, Clone)]
pub enum ClauseOperator {
    /// `EQUALS`: identical, letter case counts.
    Equals,
    /// `NOT EQUALS`.
    NotEquals,
    /// `IS TRUE`.
    IsTrue,
    /// `IS FALSE`.
    IsFalse,
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
    /// `REGEX MATCH` with the compiled pattern of each value.
    RegexMatch(Vec<Pattern>),
    /// `NOT REGEX MATCH`.
    NotRegexMatch(Vec<Pattern>),
    /// `Greater_Than`.
    GreaterThan(i64),
    /// `Greater_Than_OR_EQUALS`.
    GreaterThanOrEquals(i64),
    /// `Includes`.
    Includes,
    /// `ENDS_WITH`.
    EndsWith,
    /// `&`: the operand contains the attribute's value; both whole numbers: they share a bit.
    BitAnd,
    /// `!&`: negation of `&`.
    NotBitAnd,
}

impl ClauseOperator {
    /// `operatorName` as the schema spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Equals => "EQUALS",
            Self::NotEquals => "NOT EQUALS",
            Self::IsTrue => "IS TRUE",
            Self::IsFalse => "IS FALSE",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
            Self::RegexMatch(_) => "REGEX MATCH",
            Self::NotRegexMatch(_) => "NOT REGEX MATCH",
            Self::GreaterThan(_) => "Greater_Than",
            Self::GreaterThanOrEquals(_) => "Greater_Than_OR_EQUALS",
            Self::Includes => "Includes",
            Self::EndsWith => "ENDS_WITH",
            Self::BitAnd => "&",
            Self::NotBitAnd => "!&",
        }
    }
}
