//! Microsoft's synchronizationSchema: read, check, compile into mappings and scoping filters.

mod check;
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

pub use check::{Checked, MappingRow, check, default_rows, rows};
pub use compile::{CompileOptions, ExtraClause, ExtraFilter, compile};
pub use compiled::{
    Actions, AttributeMapping, AttributeSource, ClauseOperator, CompiledSchema, FilterClause, FilterGroup, FlowType,
    ObjectKind, ObjectMapping, TargetAttribute,
};
pub use document::{Document, ReadError, decode, read};
pub use target::target_definition;
pub use template::{Template, template};
