//! Microsoft's synchronizationSchema: read, check, compile into mappings and scoping filters.

mod compile;
mod compiled;
mod document;
mod template;

pub use compile::{CompileOptions, compile, target_definition};
pub use compiled::{
    Actions, AttributeMapping, AttributeSource, ClauseOperator, CompiledSchema, FilterClause, FilterGroup, FlowType,
    ObjectKind, ObjectMapping, TargetAttribute,
};
pub use document::{Document, ReadError, read};
pub use template::{Template, template};
