//! Parsing and compiling: what is read, what is refused and where the caret points.

use proptest::prelude::*;

use super::*;
use crate::base::Diagnostic;
use crate::directory::AttributeNames;

#[test]
fn prints_canonically() {
    for (text, expected) in [
        ("[mail]", "[mail]"),
        ("  \"Company: \\\"Contoso\\\"\" ", "\"Company: \\\"Contoso\\\"\""),
        ("Append (\"SMTP:\",[mail])", "Append(\"SMTP:\", [mail])"),
        ("Replace([x],\"a\", , ,\"b\", ,)", "Replace([x], \"a\", , , \"b\", , )"),
        ("ToLower(Mid([a],1,2), )", "ToLower(Mid([a], 1, 2), )"),
        ("DateAdd(\"d\",-10,CDate([x]))", "DateAdd(\"d\", -10, CDate([x]))"),
        ("BitAnd(&HF7, 42568.75)", "BitAnd(&HF7, 42568.75)"),
        ("Now( )", "Now()"),
        ("f(,)", "f(, )"),
        ("IIF([a]<>[b],\"x\",\"y\")", "IIF([a] <> [b], \"x\", \"y\")"),
        ("IIF(BitAnd([u], 2)=\"0\", True, False)", "IIF(BitAnd([u], 2) = \"0\", True, False)"),
        ("Join(\"\n\",\r\n\t[a:b/c.d_e])", "Join(\"\n\", [a:b/c.d_e])"),
        (r#"f("\\d{10}", "\d \"x\"", "\+(?<c>\\)")"#, r#"f("\\d{10}", "\\d \"x\"", "\\+(?<c>\\)")"#),
        ("f(\"a,(b)[c]\")", "f(\"a,(b)[c]\")"),
    ] {
        assert_eq!(parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string(), expected);
    }
}

/// Column, the text under the caret, message.
fn refused(error: Box<Diagnostic>) -> (usize, String, String) {
    assert!(error.hint.is_some(), "{error} has no hint");
    let Some(snippet) = error.snippet else { return (0, String::new(), error.message) };
    (error.column.unwrap(), snippet.text[snippet.span].to_owned(), error.message)
}

#[test]
fn syntax_errors_are_located() {
    for (text, column, under, message) in [
        ("", 0, "", "the expression is empty"),
        ("  \n", 0, "", "the expression is empty"),
        ("[mail", 1, "[", "the attribute name has no closing `]`"),
        ("Not([ ])", 5, "[ ]", "the attribute has no name"),
        ("Append([a], \"b)", 13, "\"", "the text has no closing quote"),
        ("Append([a], \"b\\", 13, "\"", "the text has no closing quote"),
        ("Append([a], [b]", 7, "(", "the call of `Append` has no closing `)`"),
        ("Append([a], [b],", 7, "(", "the call of `Append` has no closing `)`"),
        ("Append([a] [b])", 12, "[b]", "expected `,` or `)`, found `[b]`"),
        ("IIF([a]=\"x\" AND [b]=\"y\", 1, 2)", 13, "AND", "expected `,` or `)`, found `AND`"),
        ("IIF([a]=[b]=[c], 1, 2)", 12, "=", "expected `,` or `)`, found `=`"),
        ("IIF(=[b], 1, 2)", 5, "=", "expected a value, found `=`"),
        ("IIF([b]=, 1, 2)", 9, ",", "expected a value, found `,`"),
        ("IIF([a]=\"x\",\"t-\" & [b],[b])", 18, "&", "`&` doesn't join texts in Entra app provisioning"),
        ("Join(\"\", %Domain%)", 10, "%", "variables such as `%name` don't exist in Entra app provisioning"),
        ("Not('x')", 5, "'", "`'` doesn't quote a text"),
        ("Not(“x”)", 5, "“", "`“` doesn't quote a text"),
        ("Mid([ü], 1 + 2, 3)", 12, "+", "there is no operator `+`"),
        ("Mid([a], - , 3)", 10, "-", "`-` isn't followed by a number"),
        ("Not([a]))", 9, ")", "`)` without `(`"),
        ("Not([a]) [b]", 10, "[b]", "`[b]` after the end of the expression"),
        ("[a] = [b]", 5, "=", "a comparison can't be the whole expression"),
        ("mail", 1, "mail", "`mail` isn't an expression"),
        ("12", 1, "12", "the number 12 can't be the whole expression"),
        ("f(;)", 3, ";", "`;` doesn't belong into an expression"),
        ("Not(])", 5, "]", "`]` without `[`"),
        (")", 1, ")", "expected a value, found `)`"),
    ] {
        let expected = (column, under.to_owned(), message.to_owned());
        assert_eq!(refused(parse(text).unwrap_err()), expected, "{text}");
    }
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}[a]{}", "Not(".repeat(depth), ")".repeat(depth));
    // A thread of the runtime has a stack of 2 MiB.
    let deepest = nested(MAX_DEPTH);
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        let expression = compile(&deepest).unwrap();
        expression.evaluate(&Environment::new(&[])) == Ok(Value::Bool(false))
    });
    assert!(small.unwrap().join().unwrap());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().message, "calls nest deeper than 100 levels");
    assert!(parse(&"(".repeat(MAX_CHARACTERS)).is_err());
    let long = |length: usize| format!("\"{}\"", "ü".repeat(length - 2));
    assert!(parse(&long(MAX_CHARACTERS)).is_ok());
    assert_eq!(
        parse(&long(MAX_CHARACTERS + 1)).unwrap_err().message,
        "the expression has 10001 characters; 10000 is the limit"
    );
}

fn compile(text: &str) -> Result<Expression, Box<Diagnostic>> {
    Expression::compile(text, &mut AttributeNames::default())
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    for (text, column, message) in [
        ("Swicth([a], , \"b\", \"c\")", 1, "there is no function `Swicth`"),
        ("Join(\" \", Concat([a]))", 11, "there is no function `Concat`"),
        ("UCase([a])", 1, "`UCase` exists in Entra Connect or cloud sync, not in Entra app provisioning"),
        (
            "SelectUniqueValue([a], [b])",
            1,
            "`SelectUniqueValue` only works for HR-driven provisioning to Active Directory",
        ),
        ("AltSecIdFromNetid([netId])", 1, "`AltSecIdFromNetid` only works for cross-tenant synchronization"),
        (
            "Switch([a], \"d\", IgnoreAttributeFlow, \"x\")",
            18,
            "`IgnoreAttributeFlow` only works for HR-driven provisioning",
        ),
        ("Append([a], b)", 13, "`b` is neither a text nor an attribute"),
        ("Append([a])", 1, "`Append` needs its argument `suffix`"),
        ("Append([a], )", 1, "`Append` needs its argument `suffix`"),
        ("Append([a], \"b\", \"c\")", 1, "`Append` takes 2 arguments, 3 are given"),
        ("DefaultDomain([a])", 1, "`DefaultDomain` takes no arguments, 1 are given"),
        ("Not()", 1, "`Not` needs its argument `source`"),
        ("Join(\",\")", 1, "`Join` needs its argument `source`"),
        (
            "Switch([a], \"d\", \"k\", \"v\", \"w\")",
            1,
            "`Switch` takes an even number of arguments, 5 are given: a key without a value, or a missing default",
        ),
        ("Switch([a], \"d\")", 1, "`Switch` needs at least one key with its value"),
        ("Switch(, \"d\", \"k\", \"v\")", 1, "`Switch` needs its argument `source`"),
        ("Switch([a], \"d\", , \"v\")", 1, "`Switch` has an empty key; the key for a missing value is `\"\"`"),
        ("IIF([a]=\"b\", \"c\")", 1, "`IIF` needs its argument `valueIfFalse`"),
        ("Not([a]=\"b\")", 5, "a comparison only stands as the first argument of `IIF` or inside `CBool`"),
        ("IIF([a], [a]=\"b\", \"c\")", 10, "a comparison only stands as the first argument of `IIF` or inside `CBool`"),
        ("Mid([a], \"one\", 1)", 10, "`start` of `Mid` is a number, not `one`"),
        ("Mid([a], 1, &HFFFFFFFFFFFFFFFFF)", 13, "the number `&HFFFFFFFFFFFFFFFFF` is too large"),
        ("IIF(IgnoreFlowIfNullOrEmpty([a]), 1, 2)", 5, "`IgnoreFlowIfNullOrEmpty` can't be the condition of `IIF`"),
        ("ToUpper([a], \"Turkish!\")", 14, "`Turkish!` isn't a culture for `ToUpper`"),
        ("InStr([a], \"b\", 1, vbOther)", 20, "`compareType` of `InStr` isn't known"),
        ("Replace([a], , \"a\\\\d(\", , \"\", , )", 21, "invalid regular expression: the group has no closing `)`"),
        ("Replace([a], , \"(?<n>x)\", \"m\", \"\", , )", 27, "the regular expression has no group `m`"),
        ("DateAdd(\"days\", 1, Now())", 9, "`days` isn't an interval"),
        ("FormatDateTime([a], , \"'x\", \"d\")", 23, "the date format has no closing `'`"),
        (
            "FormatDateTime([a], \"AssumeLocal, RoundtripKind\", \"s\", \"d\")",
            21,
            "the date styles `RoundtripKind` and `AssumeLocal` exclude each other",
        ),
        ("FormatDateTime([a], \"RoundTrip\", \"s\", \"d\")", 21, "`RoundTrip` isn't one of the date styles"),
        ("FormatDateTime([a], \"s\")", 1, "`FormatDateTime` needs its argument `inputFormat`"),
        (
            "SingleAppRoleAssignment([roles])",
            25,
            "`SingleAppRoleAssignment` takes `[appRoleAssignments]` and nothing else",
        ),
        ("RandomString(4, 2, 2, 2, 0)", 1, "no text of 4 characters has 6 of the ones that are asked for"),
        ("ConvertFromBase64([a], UTF7)", 24, "the encoding of `ConvertFromBase64` isn't known"),
        ("Now() & [a]", 7, "`&` doesn't join texts in Entra app provisioning"),
        ("Replace([a], \"x\", , , , , )", 1, "these arguments of `Replace` don't go together"),
    ] {
        let (found, _, found_message) = refused(compile(text).unwrap_err());
        assert_eq!((found, found_message.as_str()), (column, message), "{text}");
    }
    assert_eq!(compile("Swicth([a])").unwrap_err().hint.unwrap(), "did you mean `Switch`?");
    assert_eq!(compile("ToLwoer([a])").unwrap_err().hint.unwrap(), "did you mean `ToLower`?");
}

#[test]
fn oddities_are_warned_about() {
    for (text, expected) in [
        ("Switch([a], , \"b\", \"c\")", &[][..]),
        ("ToLower([a], \"en-US\")", &[]),
        ("Coalesce(Left([a], 1), [b])", &["one guide lets `Coalesce` pass over `\"\"`, the reference only over null"]),
        ("Coalesce([a], [b])", &[]),
        (
            "Replace([a], , \"(?<n>x)\", \"n\", , [b], )",
            &["older documents say the opposite of what `replacementAttributeName` does"],
        ),
        (
            "Replace([a], , \"[()\\\\s-]+\", , \"\", , )",
            &["one document prints the result of this pattern without the `+` of a phone number, another with it"],
        ),
        (
            "Split([a], \",\")",
            &["the documented result of `Split` has no blanks around its pieces, though no document says so"],
        ),
        (
            "Join(\"@\", NormalizeDiacritics([a]), \"b\")",
            &["a guide shows such addresses in lower case, though nothing in the expression makes them so"],
        ),
        ("NumFromDate([a])", &["the numbers that guides print as results of `NumFromDate` are wrong"]),
        ("Trim([a])", &["`Trim` is not in Microsoft's reference"]),
        ("IsNothing([a])", &["`IsNothing` is not in Microsoft's reference"]),
        (
            "switch([a], , \"b\", \"c\")",
            &["`switch` is documented as `Switch`, and the documentation calls names case-sensitive"],
        ),
        ("Prepend(\"a\", [b])", &["`Prepend` is not in Microsoft's reference"]),
        ("Not([Mail])", &["there is no source attribute `Mail`; `mail` is taken"]),
        ("IIF(IsNullOrEmpty([a]), 1, 2)", &["Microsoft documents `IIF(IsNullOrEmpty(…), …)` as unsupported"]),
        (
            "IIF([a] = \"\", 1, 2)",
            &["a condition over a missing value is always false, so comparing with `\"\"` doesn't find it"],
        ),
        (
            "Switch(IsPresent([a]), 1, \"True\", [a])",
            &["Microsoft advises against `IsPresent` as the source of `Switch`"],
        ),
    ] {
        let expression = compile(text).unwrap();
        let messages: Vec<&str> = expression.warnings().iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(messages, expected, "{text}");
    }
}

#[test]
fn attributes_get_their_slots_once() {
    let mut names = AttributeNames::default();
    let mail = names.slot("mail");
    let text = "Join(\" \", [surname], [Mail], [mail], [isSoftDeleted])";
    let expression = Expression::compile(text, &mut names).unwrap();
    let used: Vec<&str> = expression.slots().iter().map(|slot| names.name(*slot)).collect();
    assert_eq!(used, ["mail", "surname", "IsSoftDeleted"]);
    assert_eq!((expression.slots()[0], expression.text()), (mail, text));
}

fn node(kind: NodeKind) -> Node {
    Node { kind, span: 0..0 }
}

fn operand() -> BoxedStrategy<Node> {
    let leaf = prop_oneof![
        "[^\\]\\s][^\\]]{0,8}".prop_map(NodeKind::Attribute),
        ".{0,8}".prop_map(NodeKind::Text),
        r#"["\\a]{0,6}"#.prop_map(NodeKind::Text),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?|&H[0-9A-F]{1,4}".prop_map(NodeKind::Number),
        "[A-Za-z_][A-Za-z0-9_]{0,6}".prop_map(NodeKind::Word),
    ]
    .prop_map(node);
    leaf.prop_recursive(4, 40, 4, |inner| call(argument(inner.boxed()))).boxed()
}

fn argument(operand: BoxedStrategy<Node>) -> impl Strategy<Value = Node> {
    let relations = prop::sample::select(vec![
        Relation::Equal,
        Relation::NotEqual,
        Relation::GreaterOrEqual,
        Relation::LessOrEqual,
        Relation::Greater,
        Relation::Less,
    ]);
    let condition = (operand.clone(), relations, operand.clone()).prop_map(|(left, relation, right)| {
        node(NodeKind::Condition { left: Box::new(left), relation, right: Box::new(right) })
    });
    prop_oneof![4 => operand, 1 => condition]
}

fn call(argument: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    ("[A-Za-z][A-Za-z0-9]{0,6}", prop::collection::vec(prop::option::weighted(0.8, argument), 0..5)).prop_map(
        |(name, mut arguments)| {
            if arguments == [None] {
                arguments.clear();
            }
            node(NodeKind::Call { name, arguments })
        },
    )
}

proptest! {
    #[test]
    fn parsing_undoes_printing(node in call(argument(operand()))) {
        let text = node.to_string();
        let parsed = parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(&parsed.to_string(), &text);
        prop_assert_eq!(parsed, node);
    }

    #[test]
    fn no_text_panics(text in r#"([A-Za-z]{0,3}[ \[\]"\\(),=<>&%$'ü1-]{0,3}){0,30}"#) {
        if let Ok(expression) = compile(&text) {
            let empty = Environment::new(&[]);
            drop(expression.evaluate(&empty));
        }
    }
}
