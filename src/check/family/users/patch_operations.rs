//! `users.patch.*`: how operations are read, alone and together.

use serde_json::{Value, json};

use super::patch::numbered;
use super::shape::{optional_text, optional_texts};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::SUCCESS;
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::schema::{ObjectKind, TargetAttribute};
use crate::scim::{ChangeOp, Dialect, Resource, urn};

const USER: ObjectKind = ObjectKind::User;
const NO_TEXT: &str = "the mapping has no plain text attribute that can do without a value";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.patch.remove",
        category: Category::Recommended,
        holds: "PATCH removes optional attributes, and refuses to remove userName",
        reference: "RFC 7644 section 3.5.2.2",
        effect: "the service itself doesn't remove attributes of users; Microsoft's validator and other clients do",
        remedy: "support `remove` with a path; answer 400 where the attribute is required",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(remove(probe)),
    },
    Check {
        id: "users.patch.op-case",
        category: Category::Mandatory,
        holds: "operations are read in any letter case: Add, Replace and Remove as well as add, replace and remove",
        reference: "Microsoft, known issues with SCIM compliance: the service writes Add, Replace and Remove",
        effect: "every change is refused or lost: the service writes capitals unless the tenant URL has a flag, and always in \
                 provision on demand",
        remedy: "compare the `op` of PATCH operations without regard to letter case",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(op_case(probe)),
    },
    Check {
        id: "users.patch.many",
        category: Category::Recommended,
        holds: "several operations in one PATCH take effect in their order, on different attributes and on one",
        reference: "RFC 7644 section 3.5.2; Microsoft, SCIM Validator (preview): many operations in one request",
        effect: "what a request ends with isn't what it says: the account and the directory drift apart",
        remedy: "apply the operations of a PATCH one after the other, each to what the one before left",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(many(probe)),
    },
    Check {
        id: "users.patch.null",
        category: Category::Mandatory,
        holds: "an empty text, and then null, as the value of an optional attribute clears it",
        reference: "Microsoft, gallery validation: SCIM_Null_Update",
        effect: "the gallery validation fails; values that were cleared in the directory stay, or the request is refused with all \
                 that is in it",
        remedy: "take an empty text and null for no value (RFC 7643 section 2.5)",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(null(probe)),
    },
    Check {
        id: "users.patch.atomic",
        category: Category::Recommended,
        holds: "a PATCH with an operation that can't be done is refused with 400, and nothing of it is done",
        reference: "RFC 7644 section 3.5.2: a PATCH is atomic",
        effect: "half of a change arrives; the service believes that nothing of it did, and sends all of it again",
        remedy: "check all operations before the first one is done, or do them in a transaction",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(atomic(probe)),
    },
];

/// A PATCH of these operations.
fn operations(operations: &[Value]) -> Value {
    json!({ "schemas": [urn::PATCH_OP], "Operations": operations })
}

fn op(dialect: Dialect, op: &str) -> String {
    match dialect {
        Dialect::Scim => op.to_owned(),
        Dialect::Compliant => op.to_lowercase(),
    }
}

fn target(probe: &Probe, index: usize) -> &TargetAttribute {
    &probe.mapping(USER).attributes[index].target
}

fn value<'r>(probe: &Probe, index: usize, resource: &'r Resource) -> Option<&'r str> {
    target(probe, index).path.get(resource).and_then(Value::as_str).filter(|text| !text.is_empty())
}

async fn remove(probe: &Probe) -> Result<(), Stop> {
    let (user, remove) = (probe.user().await?, op(probe.dialect(), "Remove"));
    let mut refused: Vec<(&str, Answer)> = Vec::new();
    for index in optional_texts(probe).into_iter().take(3) {
        let name = &target(probe, index).name;
        let answer = probe.patch(&user, operations(&[json!({ "op": remove, "path": name })])).await?;
        if !answer.is_success() {
            refused.push((name, answer));
            continue;
        }
        let (read, after) = probe.read(&user).await?;
        if let Some(left) = value(probe, index, &after) {
            let draft = probe
                .finding("removed-stays")
                .observed(format!("`{name}` was removed but is still \"{left}\" afterwards"));
            draft.expected("no value").at(read.at).fail();
        }
    }
    if let Some((_, first)) = refused.first() {
        let names: Vec<_> = refused.iter().map(|(name, _)| format!("`{name}`")).collect();
        let draft = probe.refused(first, SUCCESS).about(refused.iter().map(|(name, _)| *name));
        draft.observed(format!("removing {} was answered with {}", names.join(", "), first.told())).fail();
    }
    let answer = probe.patch(&user, operations(&[json!({ "op": remove, "path": "userName" })])).await?;
    if answer.is_success() {
        let (read, after) = probe.read(&user).await?;
        if after.get("userName").and_then(Value::as_str).is_none_or(str::is_empty) {
            let draft =
                probe.finding("user-name-removed").observed("userName could be removed: the account has none now");
            draft.expected("400, since userName is required").at(read.at).fail();
        }
    } else if answer.status >= 500 {
        let draft = probe.refused(&answer, "400 with scimType mutability or invalidValue");
        draft.observed(format!("removing userName was answered with {}", answer.told())).fail();
    }
    Ok(())
}

async fn op_case(probe: &Probe) -> Result<(), Stop> {
    let Some(index) = optional_text(probe) else { return Err(Stop::NotApplicable(NO_TEXT.to_owned())) };
    let user = probe.user().await?;
    let name = target(probe, index).name.clone();
    let mut round = 0;
    for (op, value) in [("Add", true), ("Replace", true), ("Remove", false)] {
        let mut outcomes = Vec::new();
        for written in [op.to_owned(), op.to_lowercase()] {
            round += 1;
            let wanted = numbered("Case", round);
            let known = operations(&[json!({ "op": written, "path": name, "value": wanted })]);
            let request = if value { known } else { operations(&[json!({ "op": written, "path": name })]) };
            if !value {
                set(probe, &user, index, &wanted).await?;
            }
            let answer = probe.patch(&user, request).await?;
            let (_, after) = probe.read(&user).await?;
            let found = self::value(probe, index, &after);
            let took_effect = if value { found == wanted.as_str() } else { found.is_none() };
            outcomes.push((written, answer, took_effect));
        }
        let [(capital, first, first_works), (lower, second, second_works)] = outcomes.as_slice() else { continue };
        let works = [answered(first, *first_works), answered(second, *second_works)];
        match works {
            [true, true] => {}
            // It isn't a matter of letter case: another check says what is wrong.
            [false, false] if !value => {
                probe.note(format!("`{op}` works in neither letter case; see users.patch.remove"));
            }
            [false, false] => {
                let why = format!("`{op}` of `{name}` works in neither letter case: {}", first.told());
                return Err(Stop::Blocked { by: "users.patch.replace", why });
            }
            [capital_works, _] => {
                let (bad, good, answer) =
                    if capital_works { (lower, capital, second) } else { (capital, lower, first) };
                let what = if answer.is_success() {
                    "is answered with success and does nothing".to_owned()
                } else {
                    format!("is answered with {}", answer.told())
                };
                let draft =
                    probe.finding(format!("op-{bad}")).observed(format!("`{bad}` {what}, while `{good}` works"));
                draft.expected("both are the same operation").at(answer.at).fail();
            }
        }
    }
    Ok(())
}

fn answered(answer: &Answer, took_effect: bool) -> bool {
    answer.is_success() && took_effect
}

/// Gives an attribute a value by whatever means work.
async fn set(probe: &Probe, user: &Object, index: usize, wanted: &Value) -> Result<(), Stop> {
    let name = &target(probe, index).name;
    for op in ["replace", "Replace"] {
        let answer = probe.patch(user, operations(&[json!({ "op": op, "path": name, "value": wanted })])).await?;
        let (_, after) = probe.read(user).await?;
        if answer.is_success() && value(probe, index, &after) == wanted.as_str() {
            return Ok(());
        }
    }
    Err(Stop::Blocked { by: "users.patch.replace", why: format!("`{name}` can't be given a value") })
}

async fn many(probe: &Probe) -> Result<(), Stop> {
    let texts = optional_texts(probe);
    let Some(index) = optional_text(probe) else { return Err(Stop::NotApplicable(NO_TEXT.to_owned())) };
    let (user, dialect) = (probe.user().await?, probe.dialect());
    let replace = op(dialect, "Replace");
    let several: Vec<_> = texts
        .iter()
        .take(5)
        .enumerate()
        .map(|(place, index)| (*index, numbered("Many", u32::try_from(place).unwrap_or_default())))
        .collect();
    if several.len() > 1 {
        let all = several
            .iter()
            .map(|(index, value)| json!({ "op": replace, "path": target(probe, *index).name, "value": value }));
        let answer = probe.patch(&user, operations(&all.collect::<Vec<_>>())).await?;
        if probe.expect_status(&answer, &[200, 204], SUCCESS) {
            let (read, after) = probe.read(&user).await?;
            let sent: Vec<_> = several.into_iter().map(|(index, value)| (index, ChangeOp::Replace, value)).collect();
            probe.compare(USER, &sent, None, &after, read.at);
        }
    }
    let name = &target(probe, index).name;
    let in_order = operations(&[
        json!({ "op": op(dialect, "Remove"), "path": name }),
        json!({ "op": op(dialect, "Add"), "path": name, "value": "First" }),
        json!({ "op": replace, "path": name, "value": "Last" }),
    ]);
    let answer = probe.patch(&user, in_order).await?;
    if probe.expect_status(&answer, &[200, 204], "200 or 204: removed, added, replaced, in this order") {
        let (read, after) = probe.read(&user).await?;
        let found = value(probe, index, &after);
        if found != Some("Last") {
            let found = found.map_or_else(|| "no value".to_owned(), |text| format!("\"{text}\""));
            let draft = probe.finding("operations-out-of-order").observed(format!("`{name}` was removed, added as \"First\" and replaced by \"Last\" in one PATCH; afterwards it is {found}"));
            draft.expected("\"Last\"").at(read.at).fail();
        }
    }
    Ok(())
}

async fn null(probe: &Probe) -> Result<(), Stop> {
    let texts: Vec<_> = optional_texts(probe).into_iter().take(5).collect();
    if texts.is_empty() {
        return Err(Stop::NotApplicable(NO_TEXT.to_owned()));
    }
    for (cleared, what) in [(json!(""), "an empty text"), (Value::Null, "null")] {
        let user = probe.user().await?;
        let before = probe.findings.borrow().len();
        let sent: Vec<_> = texts.iter().map(|index| (*index, ChangeOp::Replace, cleared.clone())).collect();
        if super::shape::write(probe, &user, probe.dialect(), &sent).await?.is_some() {
            let (read, after) = probe.read(&user).await?;
            probe.compare(USER, &sent, None, &after, read.at);
        }
        for finding in &mut probe.findings.borrow_mut()[before..] {
            finding.observed = format!("with {what}: {}", finding.observed);
            finding.about.push(what.to_owned());
        }
    }
    Ok(())
}

async fn atomic(probe: &Probe) -> Result<(), Stop> {
    let Some(index) = optional_text(probe) else { return Err(Stop::NotApplicable(NO_TEXT.to_owned())) };
    let user = probe.user().await?;
    let name = &target(probe, index).name;
    let replace = op(probe.dialect(), "Replace");
    let request = operations(&[
        json!({ "op": replace, "path": name, "value": "Half" }),
        json!({ "op": "Explode", "path": name, "value": "Never" }),
    ]);
    let answer = probe.patch(&user, request).await?;
    let (read, after) = probe.read(&user).await?;
    let is_applied = value(probe, index, &after) == Some("Half");
    if answer.is_success() {
        let draft = probe
            .finding("unknown-operation-accepted")
            .observed(format!("a PATCH with the operation `Explode` was answered with {}", answer.status));
        draft.expected("400 with scimType invalidSyntax, and nothing is done").at(answer.at).fail();
    } else if answer.status >= 500 {
        probe.refused(&answer, "400 with scimType invalidSyntax").fail();
    }
    if is_applied && !answer.is_success() {
        let draft = probe
            .finding("half-applied")
            .observed(format!("the PATCH was refused with {}, but its first operation took effect", answer.status));
        draft.expected("nothing of a refused PATCH is done").at(read.at).fail();
    }
    Ok(())
}
