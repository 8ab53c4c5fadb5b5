//! Finds the operation that makes an endpoint refuse a whole PATCH.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::scim::urn;

/// A piece of a PATCH that can be sent by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Place of its operation in the PATCH, from 0.
    pub index: usize,
    /// The operation, of one without a path only one member of its value.
    pub operation: Value,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Send this PATCH body and tell with [`Bisect::answer`] what came of it.
    Try(Value),
    /// This part is refused alone; others may be as well.
    Found(Part),
    /// No part alone is refused; these were refused together, and none fewer were.
    NoneAlone(Vec<Part>),
}

/// What an endpoint made of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It took it.
    Accepted,
    /// It refused it.
    Refused,
}

/// The search in a PATCH that was refused as a whole: halves are tried, then the halves of those that are
/// refused, until one part is left.
///
/// What the endpoint accepts on the way takes effect, which does no harm: it is a piece of what was meant.
/// Where several parts are refused alone, the first is found; mend it and search again. Where the
/// refusal needs several parts, all pieces are tried and none is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Bisect {
    parts: Vec<Part>,
    /// What is still to be tried, the next one last.
    pending: Vec<Range<usize>>,
    /// The smallest piece that is known to be refused.
    refused: Range<usize>,
}

impl Bisect {
    /// Begins with the operations of a PATCH that was refused.
    #[must_use]
    pub fn new(operations: Vec<Value>) -> Self {
        let parts: Vec<_> = operations.into_iter().enumerate().flat_map(|(index, each)| split(index, each)).collect();
        let refused = 0..parts.len();
        Self { pending: halves(&refused), refused, parts }
    }

    /// What is to be done next; the same until it is answered.
    #[must_use]
    pub fn next(&self) -> Step {
        if let Some(range) = self.pending.last() {
            return Step::Try(self.body(range));
        }
        match &self.parts[self.refused.clone()] {
            [part] => Step::Found(part.clone()),
            together => Step::NoneAlone(together.to_vec()),
        }
    }

    /// Takes in what the endpoint made of the body that was to be tried.
    pub fn answer(&mut self, reply: Reply) {
        let Some(range) = self.pending.pop() else { return };
        if reply == Reply::Accepted {
            return;
        }
        if range.len() == 1 {
            self.pending.clear();
        }
        self.pending.extend(halves(&range));
        if range.len() < self.refused.len() {
            self.refused = range;
        }
    }

    /// A PATCH of some parts; members of one operation are put together again.
    fn body(&self, range: &Range<usize>) -> Value {
        let mut operations: Vec<Value> = Vec::new();
        let mut last = None;
        for part in &self.parts[range.clone()] {
            match (operations.last_mut().and_then(members_mut), members(&part.operation)) {
                (Some(gathered), Some(more)) if last == Some(part.index) => gathered.extend(more.clone()),
                _ => operations.push(part.operation.clone()),
            }
            last = Some(part.index);
        }
        json!({ "schemas": [urn::PATCH_OP], "Operations": operations })
    }
}

/// The halves of what can be halved, the first one last.
fn halves(range: &Range<usize>) -> Vec<Range<usize>> {
    if range.len() < 2 {
        return Vec::new();
    }
    let middle = range.start + range.len() / 2;
    vec![middle..range.end, range.start..middle]
}

fn split(index: usize, operation: Value) -> Vec<Part> {
    match members(&operation) {
        Some(members) if members.len() > 1 && has_no_path(&operation) => members
            .iter()
            .map(|(name, value)| {
                let mut single = operation.clone();
                single["value"] = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
                Part { index, operation: single }
            })
            .collect(),
        _ => vec![Part { index, operation }],
    }
}

fn has_no_path(operation: &Value) -> bool {
    operation.get("path").is_none_or(Value::is_null)
}

fn members(operation: &Value) -> Option<&Map<String, Value>> {
    operation.get("value")?.as_object()
}

fn members_mut(operation: &mut Value) -> Option<&mut Map<String, Value>> {
    operation.get_mut("value")?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches with an endpoint that refuses a body when this holds of its text; tells what was found, and in
    /// how many tries.
    fn search(operations: Value, refuses: impl Fn(&str) -> bool) -> (Step, usize) {
        let Value::Array(operations) = operations else { panic!("operations are an array") };
        let mut bisect = Bisect::new(operations);
        for tries in 0..100 {
            let Step::Try(body) = bisect.next() else { return (bisect.next(), tries) };
            assert_eq!(body["schemas"], json!([urn::PATCH_OP]));
            let refused = refuses(&body["Operations"].to_string());
            bisect.answer(if refused { Reply::Refused } else { Reply::Accepted });
        }
        panic!("the search doesn't end");
    }

    fn replace(path: &str) -> Value {
        json!({"op": "Replace", "path": path, "value": "x"})
    }

    fn letters(text: &str) -> Value {
        text.chars().map(|letter| replace(&format!("<{letter}>"))).collect()
    }

    #[test]
    fn the_first_culprit_is_found() {
        for (operations, culprits, expected, tries) in [
            ("a", "a", 0, 0),
            ("ab", "a", 0, 1),
            ("ab", "b", 1, 2),
            ("abcdefgh", "a", 0, 3),
            ("abcdefgh", "h", 7, 6),
            ("abcdefgh", "fc", 2, 4),
            ("abcdefgh", "hg", 6, 5),
            ("abcde", "e", 4, 6),
            ("abcde", "abcde", 0, 2),
        ] {
            let refuses = |body: &str| culprits.chars().any(|letter| body.contains(&format!("<{letter}>")));
            let letter = &operations[expected..=expected];
            let part = Part { index: expected, operation: replace(&format!("<{letter}>")) };
            assert_eq!(search(letters(operations), refuses), (Step::Found(part), tries), "{culprits} in {operations}");
        }
    }

    #[test]
    fn no_part_alone_may_be_refused() {
        let check = |operations: &str, refuses: fn(&str) -> bool, expected: &[usize]| {
            let (step, _) = search(letters(operations), refuses);
            let Step::NoneAlone(parts) = step else { panic!("{step:?}") };
            assert_eq!(parts.iter().map(|part| part.index).collect::<Vec<_>>(), expected, "{operations}");
        };
        check("abcd", |body| body.contains("<a>") && body.contains("<b>"), &[0, 1]);
        check("abcd", |body| body.contains("<c>") && body.contains("<d>"), &[2, 3]);
        check("abcd", |body| body.contains("<a>") && body.contains("<d>"), &[0, 1, 2, 3]);
        check("abcd", |_| false, &[0, 1, 2, 3]);
        check("", |_| true, &[]);
    }

    #[test]
    fn a_culprit_is_found_beside_parts_that_are_refused_together() {
        let refuses = |body: &str| body.contains("<d>") || body.contains("<a>") && body.contains("<b>");
        let (step, _) = search(letters("abcd"), refuses);
        assert_eq!(step, Step::Found(Part { index: 3, operation: replace("<d>") }));
    }

    #[test]
    fn an_operation_without_a_path_is_taken_apart() {
        let operations = json!([
            replace("title"),
            {"op": "replace", "value": {"displayName": "Ann", "name.givenName": "Ann", "active": false}},
            {"op": "replace", "path": "name", "value": {"givenName": "A", "familyName": "B"}},
        ]);
        let found = |index, operation| Step::Found(Part { index, operation });
        let (step, tries) = search(operations.clone(), |body| body.contains("name.givenName"));
        assert_eq!(step, found(1, json!({"op": "replace", "value": {"name.givenName": "Ann"}})));
        assert_eq!(tries, 3);
        let (step, _) = search(operations.clone(), |body| body.contains("familyName"));
        assert_eq!(step, found(2, operations[2].clone()));
    }

    #[test]
    fn members_of_one_operation_stay_together() {
        let operations = vec![
            json!({"op": "add", "value": {"a": 1, "b": 2, "c": 3, "d": 4}}),
            json!({"op": "replace", "value": {"e": 5, "f": 6}}),
        ];
        let mut bisect = Bisect::new(operations);
        let tried = |bisect: &Bisect| match bisect.next() {
            Step::Try(body) => body["Operations"].clone(),
            step => panic!("{step:?}"),
        };
        assert_eq!(tried(&bisect), json!([{"op": "add", "value": {"a": 1, "b": 2, "c": 3}}]));
        bisect.answer(Reply::Accepted);
        let rest = json!([{"op": "add", "value": {"d": 4}}, {"op": "replace", "value": {"e": 5, "f": 6}}]);
        assert_eq!(tried(&bisect), rest);
    }

    #[test]
    fn what_is_no_operation_is_tried_as_it_is() {
        let (step, _) = search(json!([1, {"op": "add"}, null, "x"]), |body| body.contains("null"));
        assert_eq!(step, Step::Found(Part { index: 2, operation: Value::Null }));
        let mut over = Bisect::new(Vec::new());
        over.answer(Reply::Refused);
        assert_eq!(over.next(), Step::NoneAlone(Vec::new()));
    }
}
