//! What look-ups find, the same for users and groups.

use serde_json::Value;

use crate::check::probe::{Answer, Object, Probe};
use crate::scim::Resource;

/// The value that an object has in a mapped attribute, as look-ups write it.
pub(super) fn text_of(object: &Object, index: usize) -> Option<String> {
    match &object.values.iter().find(|(known, _)| *known == index)?.1 {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Holds an answer to being a list of exactly this object, and gives it as the list has it.
pub(super) fn expect_found(probe: &Probe, answer: &Answer, object: &Object, attribute: &str) -> Option<Resource> {
    let noun = object.kind.as_str().to_lowercase();
    let expected = &*format!("200 with a ListResponse of exactly that {noun}");
    if !probe.expect_status(answer, &[200], expected) {
        return None;
    }
    let Some(list) = answer.list() else {
        probe.finding("not-a-list").observed("the answer isn't a ListResponse").expected(expected).at(answer.at).fail();
        return None;
    };
    let (mut own, others): (Vec<_>, Vec<_>) =
        list.resources.into_iter().partition(|resource| resource.id().as_deref() == Some(&object.id));
    let draft =
        |cause: &str, observed: String| probe.finding(cause).observed(observed).expected(expected).at(answer.at);
    let ignored = |observed: String| {
        draft("filter-ignored", observed)
            .effect("the service refuses to choose between several, or takes another one for the one it looks for")
            .remedy("evaluate the filter, and answer one that can't be evaluated with 400 invalidFilter instead of everything")
    };
    let lies = |observed: String| {
        draft("total-lies", observed)
            .effect(format!("the service may take the {noun} for missing, and makes a second one"))
            .remedy("let totalResults be the number of all matches")
    };
    match (own.len(), others.len(), list.total_results) {
        (0, 0, 0) => {
            let observed = format!("a look-up of {attribute} found nothing, though a {noun} has exactly that value");
            draft(&format!("not-found-{attribute}"), observed).fail();
        }
        (0, 0, total) => lies(format!("a look-up of {attribute} counts {total} and shows none")).fail(),
        (0, many, _) => {
            ignored(format!("a look-up of {attribute} gave {many} {noun}s, none of which is the one with that value"))
                .fail();
        }
        (1, 0, 1) => {}
        (1, 0, total) => lies(format!("the answer holds one {noun}, but totalResults is {total}")).fail(),
        (many, 0, _) => {
            draft("found-twice", format!("a look-up of {attribute} shows the same {noun} {many} times")).fail();
        }
        (_, many, _) => {
            ignored(format!("a look-up of {attribute} gave {many} {noun}s beside the one that has the value")).fail();
        }
    }
    own.pop()
}
