//! Pages of a list, as they come: whether they make up the whole list is for others to say.

use super::answer::{Answer, AnswerBody, has_schema, member};
use super::{CallOutcome, Client, Failure, Unexpected, list_request};
use crate::scim::{ListResponse, Resource, urn};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Its resources.
    pub resources: Vec<Resource>,
    /// How many the target counts in all; `None` where it doesn't.
    pub total: Option<u64>,
    /// Position of the first resource, as the target says, from 1.
    pub start_index: Option<u64>,
    /// How many there are on the page, as the target says.
    pub items_per_page: Option<u64>,
}

impl Client {
    /// Reads a page of a list: so many resources from `start` on, counted from 1. Of groups without their members.
    ///
    /// Whatever isn't a list is a failure; a 404 too, since it doesn't say that nobody is there.
    pub async fn page(&self, endpoint: &str, start: u64, count: u64) -> CallOutcome<Page> {
        self.send(list_request(endpoint, start, count)).await.and_then(read)
    }
}

fn read(answer: Answer) -> Result<Page, Failure> {
    let status = answer.status;
    let unexpected = |what| Failure::Unexpected { status, what, excerpt: String::new() };
    let document = match answer.body {
        AnswerBody::Json(document) => document,
        AnswerBody::Empty => return Err(unexpected(Unexpected::Empty)),
        AnswerBody::Other { html: true, .. } => return Err(unexpected(Unexpected::Html)),
        AnswerBody::Other { message, excerpt, .. } => return Err(Failure::Payload { status, message, excerpt }),
    };
    let members = document.as_object();
    if members.is_some_and(|members| has_schema(members, urn::ERROR)) {
        return Err(unexpected(Unexpected::ErrorBody));
    }
    let counts = members.and_then(|members| member(members, "totalResults")).is_some_and(|total| !total.is_null());
    let list = ListResponse::parse(document).map_err(|_| unexpected(Unexpected::NotAList))?;
    Ok(Page {
        resources: list.resources,
        total: counts.then_some(list.total_results),
        start_index: list.start_index,
        items_per_page: list.items_per_page,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn page(body: AnswerBody) -> Result<Page, String> {
        read(Answer { status: 200, location: None, body }).map_err(|failure| failure.to_string())
    }

    #[test]
    fn pages_are_read_as_endpoints_send_them() {
        let check = |document: Value, count: usize, total: Option<u64>, start: Option<u64>, items: Option<u64>| {
            let page = page(AnswerBody::Json(document.clone())).unwrap();
            let found = (page.resources.len(), page.total, page.start_index, page.items_per_page);
            assert_eq!(found, (count, total, start, items), "{document}");
        };
        let one = json!([{"id": "1"}]);
        check(
            json!({"totalResults": 7, "startIndex": 3, "itemsPerPage": 1, "Resources": one}),
            1,
            Some(7),
            Some(3),
            Some(1),
        );
        check(json!({"totalresults": "7", "resources": one}), 1, Some(7), None, None);
        check(json!({"Resources": one}), 1, None, None, None);
        check(json!({"totalResults": null, "Resources": one}), 1, None, None, None);
        check(json!({"totalResults": 0}), 0, Some(0), None, None);
        check(json!({"totalResults": 3, "Resources": null}), 0, Some(3), None, None);
    }

    #[test]
    fn nothing_else_is_a_page() {
        let check = |body: AnswerBody, expected: &str| {
            let failure = page(body.clone()).unwrap_err();
            assert!(failure.contains(expected), "{body:?}: {failure}");
        };
        check(AnswerBody::Json(json!([{"id": "1"}])), "isn't a ListResponse");
        check(AnswerBody::Json(json!({"users": []})), "isn't a ListResponse");
        check(AnswerBody::Json(json!({"totalResults": -1, "Resources": []})), "isn't a ListResponse");
        check(AnswerBody::Json(json!({"Resources": ["ann"]})), "isn't a ListResponse");
        check(AnswerBody::Json(json!({"schemas": [urn::ERROR], "totalResults": 0})), "a SCIM error");
        check(AnswerBody::Empty, "no body");
        let other = |html| AnswerBody::Other { html, message: "odd".to_owned(), excerpt: String::new() };
        check(other(true), "a web page");
        check(other(false), "isn't valid JSON");
    }
}
