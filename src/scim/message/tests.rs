use super::*;

#[test]
fn lists_are_read_as_endpoints_send_them() {
    for (document, total, resources) in [
        (json!({"totalResults": 1, "Resources": [{"id": "1"}]}), 1, 1),
        (json!({"totalResults": "2", "resources": [{"id": "1"}]}), 2, 1),
        (json!({"TOTALRESULTS": 0}), 0, 0),
        (json!({"totalResults": 0, "Resources": null}), 0, 0),
        (json!({"Resources": [{}, {}]}), 2, 2),
    ] {
        let list = ListResponse::parse(document.clone()).unwrap_or_else(|error| panic!("{document}: {error}"));
        assert_eq!((list.total_results, list.resources.len()), (total, resources), "{document}");
    }
}

#[test]
fn what_is_no_list_is_refused() {
    for (document, message) in [
        (json!([{"id": "1"}]), "a ListResponse is a JSON object, this is an array"),
        (json!({"id": "1"}), "neither `totalResults` nor `Resources` is there, so this isn't a ListResponse"),
        (json!({"totalResults": "many"}), "`totalResults` is \"many\", not a count"),
        (json!({"totalResults": -1}), "`totalResults` is -1, not a count"),
        (json!({"Resources": {}}), "`Resources` is an object, not an array"),
        (json!({"Resources": [{}, 1]}), "entry 1 of `Resources` isn't an object"),
    ] {
        assert_eq!(ListResponse::parse(document).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_list_is_built_and_read_back() {
    let resources = vec![Resource::from_value(json!({"id": "7"})).unwrap()];
    let list = ListResponse { total_results: 9, start_index: Some(3), items_per_page: Some(1), resources };
    let document = list.clone().into_value();
    assert_eq!(document["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    assert_eq!(ListResponse::parse(document), Ok(list));
}

#[test]
fn errors_are_read_in_any_shape() {
    let error = |status, scim_type, detail: &str| ErrorBody {
        status,
        scim_type,
        detail: (!detail.is_empty()).then(|| detail.to_owned()),
    };
    for (body, expected) in [
        (
            r#"{"status":"409","scimType":"uniqueness","detail":"taken"}"#,
            error(Some(409), Some(ScimType::Uniqueness), "taken"),
        ),
        (
            r#"{"Status":409,"scimtype":"UNIQUENESS","Detail":"taken"}"#,
            error(Some(409), Some(ScimType::Uniqueness), "taken"),
        ),
        (r#"{"Errors":[{"description":"gone","code":"404"}]}"#, error(Some(404), None, "gone")),
        (r#"{"error":{"message":"no"}}"#, error(None, None, "no")),
        (r#"{"a":1}"#, error(None, None, r#"{"a":1}"#)),
        ("\u{feff}\"quoted\"", error(None, None, "quoted")),
        ("not today\n", error(None, None, "not today")),
        (
            "<!DOCTYPE html><html><head><title>\n 403 Forbidden </title>",
            error(None, None, "an HTML page titled \"403 Forbidden\""),
        ),
        ("<html><body>x", error(None, None, "an HTML page")),
        ("", error(None, None, "")),
        ("{\"status\":", error(None, None, "{\"status\":")),
    ] {
        assert_eq!(ErrorBody::parse(body.as_bytes()), expected, "{body}");
    }
    assert_eq!(ErrorBody::parse(&[0xff, 0xfe]).detail.as_deref(), Some("\u{fffd}\u{fffd}"));
}

#[test]
fn long_details_are_cut_between_characters() {
    let detail = ErrorBody::parse("ü".repeat(5_000).as_bytes()).detail.unwrap();
    assert!(detail.len() <= 2048 && detail.ends_with("ü…"), "{}", detail.len());
}

#[test]
fn errors_are_built_with_a_textual_status() {
    let body = ErrorBody::new(400, Some(ScimType::InvalidFilter), "no");
    assert_eq!(
        body.to_value(),
        json!({"schemas": [urn::ERROR], "status": "400", "scimType": "invalidFilter", "detail": "no"})
    );
    assert_eq!(ErrorBody::parse(body.to_value().to_string().as_bytes()), body);
}
