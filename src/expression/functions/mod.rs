//! The functions, one file per family.

mod case;
mod choose;
mod date;
mod encode;
mod letters;
mod list;
mod number;
mod presence;
mod random;
mod replace;
mod roles;
mod text;

pub(super) use case::is_culture;
pub(super) use date::INTERVALS;
pub(super) use list::count;
pub(super) use random::MAX_LENGTH;

use super::evaluate::{Call, Evaluated, EvaluationError};
use super::library::Function;
use super::value::{RoleShape, Value};

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
        Function::IsNull | Function::IsNothing => presence::is_null(call),
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
        Function::Replace => replace::replace(call),
        Function::Split => list::split(call),
        Function::StripSpaces => text::strip_spaces(call),
        Function::Switch => choose::switch(call),
        Function::ToLower => case::to_lower(call),
        Function::ToUpper => case::to_upper(call),
        Function::Word => list::word(call),
        Function::AppRoleAssignments => roles::roles(call, RoleShape::Names),
        Function::AppRoleAssignmentsComplex => roles::roles(call, RoleShape::Complex),
        Function::AssertiveAppRoleAssignmentsComplex => roles::roles(call, RoleShape::Assertive),
        Function::SingleAppRoleAssignment => roles::roles(call, RoleShape::Single),
        Function::CDate => date::to_date(call),
        Function::DateAdd => date::add(call),
        Function::DateDiff => date::difference(call),
        Function::DateFromNum => date::from_file_time(call),
        Function::FormatDateTime => date::format(call),
        Function::Now => date::now(call),
        Function::NumFromDate => date::to_file_time(call),
        Function::ConvertFromBase64 => encode::from_base64(call),
        Function::ConvertToBase64 => encode::to_base64(call),
        Function::ConvertToUtf8Hex => encode::to_utf8_hex(call),
        Function::BitAnd => number::bit_and(call),
        Function::CBool => number::to_bool(call),
        Function::Guid => Ok(random::guid(call)),
        Function::RandomString => random::random_string(call),
        Function::NormalizeDiacritics => letters::normalize_diacritics(call),
        Function::PCase => letters::proper_case(call),
        Function::Trim => letters::trim(call),
        // What the log shows of it is the mapping's business.
        Function::Redact => call.value(0),
    }
}
