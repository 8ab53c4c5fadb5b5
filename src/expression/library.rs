//! The functions by name: which there are, what they take, which are refused and why.

use std::ops::Range;

use super::ast::{Node, NodeKind};
use super::lex::{error_at, snippet};
use super::value::Number;
use crate::base::Diagnostic;
use crate::base::nearest;

/// The functions that this version evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Append,
    AppRoleAssignments,
    AppRoleAssignmentsComplex,
    AssertiveAppRoleAssignmentsComplex,
    BitAnd,
    CBool,
    CDate,
    Coalesce,
    ConvertFromBase64,
    ConvertToBase64,
    ConvertToUtf8Hex,
    Count,
    CStr,
    DateAdd,
    DateDiff,
    DateFromNum,
    DefaultDomain,
    FormatDateTime,
    Guid,
    IgnoreFlowIfNullOrEmpty,
    Iif,
    InStr,
    IsNothing,
    IsNull,
    IsNullOrEmpty,
    IsPresent,
    IsString,
    Item,
    Join,
    Left,
    Len,
    Mid,
    NormalizeDiacritics,
    Not,
    Now,
    NumFromDate,
    PCase,
    Prepend,
    RandomString,
    Redact,
    RemoveDuplicates,
    Replace,
    SingleAppRoleAssignment,
    Split,
    StripSpaces,
    Switch,
    ToLower,
    ToUpper,
    Trim,
    Word,
}

/// One evaluated function. In the parameters `?` marks one that may be left empty, `#` a number, `*`
/// one that repeats.
struct Entry(Function, &'static str, &'static [&'static str]);

const READY: &[Entry] = &[
    Entry(Function::Append, "Append", &["source", "suffix"]),
    Entry(Function::AppRoleAssignments, "AppRoleAssignments", &["source"]),
    Entry(Function::AppRoleAssignmentsComplex, "AppRoleAssignmentsComplex", &["source"]),
    Entry(Function::AssertiveAppRoleAssignmentsComplex, "AssertiveAppRoleAssignmentsComplex", &["source"]),
    Entry(Function::BitAnd, "BitAnd", &["value1#", "value2#"]),
    Entry(Function::CBool, "CBool", &["expression"]),
    Entry(Function::CDate, "CDate", &["expression"]),
    Entry(Function::Coalesce, "Coalesce", &["source", "source*"]),
    Entry(Function::ConvertFromBase64, "ConvertFromBase64", &["source", "encoding?"]),
    Entry(Function::ConvertToBase64, "ConvertToBase64", &["source"]),
    Entry(Function::ConvertToUtf8Hex, "ConvertToUTF8Hex", &["source"]),
    Entry(Function::Count, "Count", &["attribute"]),
    Entry(Function::CStr, "CStr", &["value"]),
    Entry(Function::DateAdd, "DateAdd", &["interval", "value#", "dateTime"]),
    Entry(Function::DateDiff, "DateDiff", &["interval", "date1", "date2"]),
    Entry(Function::DateFromNum, "DateFromNum", &["value#"]),
    Entry(Function::DefaultDomain, "DefaultDomain", &[]),
    Entry(Function::FormatDateTime, "FormatDateTime", &["source", "dateTimeStyles?", "inputFormat", "outputFormat"]),
    Entry(Function::Guid, "Guid", &[]),
    Entry(Function::IgnoreFlowIfNullOrEmpty, "IgnoreFlowIfNullOrEmpty", &["expression"]),
    Entry(Function::Iif, "IIF", &["condition", "valueIfTrue", "valueIfFalse"]),
    Entry(Function::InStr, "InStr", &["value1", "value2", "start?#", "compareType?"]),
    Entry(Function::IsNothing, "IsNothing", &["source"]),
    Entry(Function::IsNull, "IsNull", &["expression"]),
    Entry(Function::IsNullOrEmpty, "IsNullOrEmpty", &["expression"]),
    Entry(Function::IsPresent, "IsPresent", &["expression"]),
    Entry(Function::IsString, "IsString", &["expression"]),
    Entry(Function::Item, "Item", &["attribute", "index#"]),
    Entry(Function::Join, "Join", &["separator", "source", "source*"]),
    Entry(Function::Left, "Left", &["string", "numChars#"]),
    Entry(Function::Len, "Len", &["string"]),
    Entry(Function::Mid, "Mid", &["source", "start#", "length#"]),
    Entry(Function::NormalizeDiacritics, "NormalizeDiacritics", &["source"]),
    Entry(Function::Not, "Not", &["source"]),
    Entry(Function::Now, "Now", &[]),
    Entry(Function::NumFromDate, "NumFromDate", &["value"]),
    Entry(Function::PCase, "PCase", &["source", "wordSeparators?"]),
    Entry(Function::Prepend, "Prepend", &["prefix", "source"]),
    Entry(
        Function::RandomString,
        "RandomString",
        &[
            "Length#",
            "MinimumNumbers#",
            "MinimumSpecialCharacters#",
            "MinimumCapital#",
            "MinimumLowerCase#",
            "CharactersToAvoid?",
        ],
    ),
    Entry(Function::Redact, "Redact", &["value"]),
    Entry(Function::RemoveDuplicates, "RemoveDuplicates", &["attribute"]),
    Entry(
        Function::Replace,
        "Replace",
        &[
            "source",
            "oldValue?",
            "regexPattern?",
            "regexGroupName?",
            "replacementValue?",
            "replacementAttributeName?",
            "template?",
        ],
    ),
    Entry(Function::SingleAppRoleAssignment, "SingleAppRoleAssignment", &["source"]),
    Entry(Function::Split, "Split", &["source", "delimiter"]),
    Entry(Function::StripSpaces, "StripSpaces", &["source"]),
    Entry(Function::Switch, "Switch", &["source", "defaultValue?", "key, value*"]),
    Entry(Function::ToLower, "ToLower", &["source", "culture?"]),
    Entry(Function::ToUpper, "ToUpper", &["source", "culture?"]),
    Entry(Function::Trim, "Trim", &["source"]),
    Entry(Function::Word, "Word", &["string", "wordNumber#", "delimiters"]),
];

/// Functions that Microsoft's reference doesn't have any more or never had, with what to write instead.
const LEGACY: &[(Function, &str)] = &[
    (Function::AppRoleAssignments, "write `AppRoleAssignmentsComplex([appRoleAssignments])`"),
    (Function::ConvertFromBase64, "it is a function of Entra Connect; the service may refuse it"),
    (Function::IsNothing, "write `IsNull(…)`, which does the same"),
    (Function::Prepend, "write `Append(prefix, source)`, which does the same"),
    (Function::Trim, "it is a function of cloud sync; write `Replace([x], , \"^\\\\s+|\\\\s+$\", , \"\", , )`"),
];

/// Functions of Microsoft Entra Connect and cloud sync, with what does the same in app provisioning.
const OTHER_PRODUCTS: &[(&str, &str)] = &[
    ("BitOr", ""),
    ("CGuid", ""),
    ("CNum", ""),
    ("CRef", ""),
    ("CertFriendlyName", ""),
    ("CertSubject", ""),
    ("CertThumbprint", ""),
    ("Contains", ""),
    ("ConvertFromUTF8Hex", ""),
    ("DNComponent", ""),
    ("DNComponentRev", ""),
    ("Error", ""),
    ("EscapeDNComponent", ""),
    ("InStrRev", "InStr"),
    ("IsBitSet", "BitAnd"),
    ("IsDate", ""),
    ("IsEmpty", "IsNullOrEmpty"),
    ("IsGuid", ""),
    ("IsNumeric", ""),
    ("ItemOrNull", "Item"),
    ("LCase", "ToLower"),
    ("LTrim", "StripSpaces"),
    ("PadLeft", ""),
    ("PadRight", ""),
    ("RTrim", "StripSpaces"),
    ("RandomNum", "RandomString"),
    ("ReplaceChars", "Replace"),
    ("Right", "Mid"),
    ("Select", ""),
    ("StringFromGuid", ""),
    ("StringFromSid", ""),
    ("UCase", "ToUpper"),
    ("Where", ""),
    ("With", ""),
];

/// Finds the function that a call names, and what is odd about how it does. Letter case doesn't count.
pub(super) fn find(
    text: &str,
    name: &str,
    span: Range<usize>,
) -> Result<(Function, Option<Diagnostic>), Box<Diagnostic>> {
    let error = |message: String| error_at(text, span.clone(), message, "");
    if let Some(Entry(function, canonical, _)) = READY.iter().find(|entry| entry.1.eq_ignore_ascii_case(name)) {
        let warning = |message: String, hint: String| {
            Diagnostic::warning(message).with_snippet(snippet(text, span.clone(), "")).with_hint(hint)
        };
        let oddity = if let Some((_, instead)) = LEGACY.iter().find(|(legacy, _)| legacy == function) {
            Some(warning(format!("`{canonical}` is not in Microsoft's reference"), (*instead).to_owned()))
        } else if *canonical == name {
            None
        } else {
            let message =
                format!("`{name}` is documented as `{canonical}`, and the documentation calls names case-sensitive");
            Some(warning(message, format!("write `{canonical}`")))
        };
        return Ok((*function, oddity));
    }
    let same = |known: &&str| known.eq_ignore_ascii_case(name);
    if let Some((known, instead)) = OTHER_PRODUCTS.iter().find(|(known, _)| same(known)) {
        let message = format!("`{known}` exists in Entra Connect or cloud sync, not in Entra app provisioning");
        return Err(match *instead {
            "" => error(message).with_hint("it has no counterpart here; the service would refuse the expression"),
            instead => error(message).with_hint(format!("look at `{instead}`")),
        }
        .into());
    }
    if same(&"SelectUniqueValue") {
        return Err(error("`SelectUniqueValue` only works for HR-driven provisioning to Active Directory".to_owned())
            .with_hint("use a value that is unique by itself, such as `[userPrincipalName]`")
            .into());
    }
    if same(&"AltSecIdFromNetid") {
        return Err(error("`AltSecIdFromNetid` only works for cross-tenant synchronization".to_owned())
            .with_hint("remove the mapping")
            .into());
    }
    let names = READY.iter().map(|entry| entry.1);
    let error = error(format!("there is no function `{name}`"));
    Err(match nearest(name, names) {
        Some(known) => error.with_hint(format!("did you mean `{known}`?")),
        None => error.with_hint("function names are listed in Microsoft's reference for writing expressions"),
    }
    .into())
}

/// The parameter keys that Graph's list of functions has instead of the reference's names.
const GRAPH_KEYS: &[(Function, &[&str])] = &[
    (
        Function::Replace,
        &[
            "source",
            "Find",
            "RegularExpression",
            "RegularExpressionGroupName",
            "Replacement",
            "ReplacementPropertyName",
            "Template",
        ],
    ),
    (Function::Switch, &["source", "defaultValue", "switchValue"]),
    (Function::FormatDateTime, &["source", "dateTimeStyles", "inputFormat", "outputFormat"]),
];

/// The key of a call's argument in Graph's parse tree (Microsoft, *synchronizationSchema: functions*); `None`
/// for a function that isn't known. `count` is how many arguments there are.
pub fn parameter_key(function: &str, index: usize, count: usize) -> Option<&'static str> {
    let Entry(function, _, parameters) = READY.iter().find(|entry| entry.1.eq_ignore_ascii_case(function))?;
    let keys = GRAPH_KEYS.iter().find(|(known, _)| known == function).map_or(*parameters, |(_, keys)| *keys);
    // The older form of three arguments has no styles.
    let older = *function == Function::FormatDateTime && count == 3 && index > 0;
    keys.get(index + usize::from(older)).or_else(|| keys.last()).map(|key| plain(key))
}

/// Checks number and presence of a call's arguments, and literals that must be numbers.
pub(super) fn check_arguments(
    text: &str,
    function: Function,
    call: &Node,
    arguments: &[Option<Node>],
) -> Result<(), Box<Diagnostic>> {
    let Entry(_, name, parameters) =
        READY.iter().find(|entry| entry.0 == function).expect("the table has every function");
    let error = |message: String| {
        error_at(text, call.span.clone(), message, "").with_hint(format!("write `{name}({})`", synopsis(parameters)))
    };
    if function == Function::Switch {
        return check_switch(arguments).map_err(|message| error(message).into());
    }
    // The styles were added later; three arguments are the older form.
    let older = function == Function::FormatDateTime && arguments.len() == 3;
    let parameters = if older { &["source", "inputFormat", "outputFormat"] } else { *parameters };
    let repeats = parameters.last().is_some_and(|parameter| parameter.ends_with('*'));
    if arguments.len() > parameters.len() && !repeats {
        return Err(error(format!(
            "`{name}` takes {}, {} are given",
            match parameters.len() {
                0 => "no arguments".to_owned(),
                1 => "one argument".to_owned(),
                count => format!("{count} arguments"),
            },
            arguments.len()
        ))
        .into());
    }
    for (index, parameter) in parameters.iter().enumerate() {
        let argument = arguments.get(index).and_then(Option::as_ref);
        if argument.is_none() && !parameter.contains(['?', '*']) {
            return Err(error(format!("`{name}` needs its argument `{}`", plain(parameter))).into());
        }
        let literal = match argument.map(|node| (&node.kind, &node.span)) {
            Some((NodeKind::Text(literal), span)) if parameter.contains('#') => Some((literal, span)),
            _ => None,
        };
        if let Some((literal, span)) = literal.filter(|(literal, _)| Number::parse(literal).is_none()) {
            let message = format!("`{}` of `{name}` is a number, not `{}`", plain(parameter), literal.escape_debug());
            return Err(error_at(text, span.clone(), message, "")
                .with_hint("write a whole number, quoted or not")
                .into());
        }
    }
    Ok(())
}

/// `Switch` takes a source, a default that may be left empty, then pairs.
fn check_switch(arguments: &[Option<Node>]) -> Result<(), String> {
    if !arguments.first().is_some_and(Option::is_some) {
        return Err("`Switch` needs its argument `source`".to_owned());
    }
    if arguments.len() < 4 {
        return Err("`Switch` needs at least one key with its value".to_owned());
    }
    if arguments.len() % 2 == 1 {
        return Err(format!(
            "`Switch` takes an even number of arguments, {} are given: a key without a value, or a missing default",
            arguments.len()
        ));
    }
    if arguments[2..].chunks_exact(2).any(|pair| pair[0].is_none()) {
        return Err("`Switch` has an empty key; the key for a missing value is `\"\"`".to_owned());
    }
    Ok(())
}

fn plain(parameter: &str) -> &str {
    parameter.trim_end_matches(['?', '#', '*'])
}

fn synopsis(parameters: &[&str]) -> String {
    let shown: Vec<String> = parameters
        .iter()
        .map(|parameter| match parameter {
            parameter if parameter.ends_with('*') => format!("{}, …", plain(parameter)),
            parameter if parameter.contains('?') => format!("[{}]", plain(parameter)),
            parameter => plain(parameter).to_owned(),
        })
        .collect();
    shown.join(", ")
}

impl Function {
    /// The documented spelling.
    pub(super) fn name(self) -> &'static str {
        READY.iter().find(|entry| entry.0 == self).expect("the table has every function").1
    }
}
