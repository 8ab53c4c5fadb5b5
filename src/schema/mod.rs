//! Microsoft's synchronizationSchema: read, check, compile into mappings and scoping filters.

mod compile;
mod compiled;
mod digest;
mod document;
mod filter;
mod locate;
mod select;
mod source;
mod target;
mod template;
mod view;

#[cfg(test)]
mod tests;

pub use compile::{CompileOptions, ExtraClause, ExtraFilter, compile};
pub use compiled::{
    Actions, AttributeMapping, AttributeSource, ClauseOperator, CompiledSchema, FilterClause, FilterGroup, FlowType,
    ObjectKind, ObjectMapping, TargetAttribute,
};
pub use document::{Document, ReadError, read};
pub use target::target_definition;
pub use template::{Template, template};
