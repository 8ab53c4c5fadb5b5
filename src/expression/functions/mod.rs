//! The functions, one file per family.

mod case;
mod choose;
mod list;
mod presence;
mod text;

pub(super) use list::count;

use super::evaluate::{Call, Evaluated, EvaluationError};
use super::library::Function;
use super::value::Value;

/// Evaluates a call whose arguments were checked when it was compiled.
pub(super) fn call<'a>(call: &Call<'a>) -> Evaluated<'a> {
    match call.function {
        Function::Append | Function::Prepend => text::append(call),
        Function::Coalesce => choose::coalesce(call),
        Function::Count => list::count_values(call),
        Function::CStr => text::to_text(call),
        Function::DefaultDomain => {
            call.environment.default_domain.map(Value::borrowed).ok_or(EvaluationError::NoDefaultDomain.into())
        }
        Function::IgnoreFlowIfNullOrEmpty => choose::ignore_flow_if_null_or_empty(call),
        Function::Iif => choose::iif(call),
        Function::InStr => text::position(call),
        Function::IsNull => presence::is_null(call),
        Function::IsNullOrEmpty => presence::is_null_or_empty(call),
        Function::IsPresent => presence::is_present(call),
        Function::IsString => presence::is_string(call),
        Function::Item => list::item(call),
        Function::Join => list::join(call),
        Function::Left => text::left(call),
        Function::Len => text::length(call),
        Function::Mid => text::mid(call),
        Function::Not => choose::not(call),
        Function::RemoveDuplicates => list::remove_duplicates(call),
        Function::Replace => text::replace(call),
        Function::Split => list::split(call),
        Function::StripSpaces => text::strip_spaces(call),
        Function::Switch => choose::switch(call),
        Function::ToLower => case::to_lower(call),
        Function::ToUpper => case::to_upper(call),
        Function::Word => list::word(call),
    }
}
