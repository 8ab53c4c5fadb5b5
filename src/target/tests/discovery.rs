//! RFC 7644 section 4, RFC 7643 sections 5 to 7, and what else answers without a resource.

use super::*;

#[tokio::test]
async fn the_configuration_tells_what_there_is() {
    for (endpoint, has_passwords) in [(endpoint(), false), (scim(Storage::memory()), true)] {
        let reply = get(&endpoint, "/ServiceProviderConfig?filter=x&sortBy=id&startIndex=9").await;
        assert_eq!(reply.status, StatusCode::OK, "parameters are ignored");
        let told = reply.body;
        assert_eq!(told["schemas"], json!([urn::SERVICE_PROVIDER_CONFIG]));
        for feature in ["patch", "bulk", "filter", "sort", "etag"] {
            assert_eq!(told[feature]["supported"], true, "{feature}");
        }
        assert_eq!(told["changePassword"]["supported"], has_passwords);
        assert_eq!(told["bulk"], json!({"supported": true, "maxOperations": 1000, "maxPayloadSize": 16 * 1024 * 1024}));
        assert_eq!(told["filter"]["maxResults"], 1000);
        assert_eq!(told["authenticationSchemes"][0]["type"], "oauthbearertoken");
        assert_eq!(told["meta"]["location"], "http://scim.example:8080/scim/v2/ServiceProviderConfig");
    }
}

#[tokio::test]
async fn schemas_are_those_in_force() {
    let names = |document: &Value| -> Vec<String> {
        let attributes = document["attributes"].as_array().unwrap();
        attributes.iter().map(|attribute| attribute["name"].as_str().unwrap().to_owned()).collect()
    };
    let wedo = get(&endpoint(), "/Schemas").await.body;
    assert_eq!(
        names(&wedo["Resources"][0]),
        ["userName", "name", "displayName", "title", "userType", "preferredLanguage", "active", "emails"]
    );
    let provider = [urn::SERVICE_PROVIDER_CONFIG, urn::RESOURCE_TYPE, urn::SCHEMA];
    let endpoint = scim(Storage::memory());
    let all = get(&endpoint, "/Schemas").await;
    assert_eq!(listed(&all, "id"), [&[urn::USER, urn::ENTERPRISE_USER, urn::GROUP][..], &provider].concat());
    for schema in all.body["Resources"].as_array().unwrap() {
        let id = schema["id"].as_str().unwrap();
        assert_eq!(schema["schemas"], json!([urn::SCHEMA]), "{id}");
        assert_eq!(&get(&endpoint, &format!("/Schemas/{id}")).await.body, schema);
        check_attributes(id, &schema["attributes"]);
    }
    let user = &all.body["Resources"][0];
    let find = |path: &[&str]| {
        path.iter().fold(json!({"subAttributes": user["attributes"]}), |owner, name| {
            owner["subAttributes"].as_array().unwrap().iter().find(|part| part["name"] == *name).unwrap().clone()
        })
    };
    let user_name = find(&["userName"]);
    assert_eq!(
        (&user_name["required"], &user_name["caseExact"], &user_name["uniqueness"]),
        (&json!(true), &json!(false), &json!("server"))
    );
    assert_eq!(find(&["emails", "type"])["canonicalValues"], json!(["work", "home", "other"]));
    assert_eq!(find(&["groups", "$ref"])["referenceTypes"], json!(["User", "Group"]));
    assert_eq!(
        (&find(&["password"])["mutability"], &find(&["password"])["returned"]),
        (&json!("writeOnly"), &json!("never"))
    );
    let members = &all.body["Resources"][2]["attributes"][2];
    assert_eq!(members["subAttributes"][0]["mutability"], "immutable");
}

/// Every attribute has what RFC 7643 section 7 asks for.
fn check_attributes(id: &str, attributes: &Value) {
    for attribute in attributes.as_array().unwrap() {
        let name = &attribute["name"];
        let kinds = ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];
        assert!(kinds.iter().any(|kind| attribute["type"] == *kind), "{id} {name}");
        for flag in ["multiValued", "required"] {
            assert!(attribute[flag].is_boolean(), "{id} {name} {flag}");
        }
        for keyword in ["description", "mutability", "returned", "uniqueness"] {
            assert!(attribute[keyword].as_str().is_some_and(|text| !text.is_empty()), "{id} {name} {keyword}");
        }
        assert_eq!(attribute.get("referenceTypes").is_some(), attribute["type"] == "reference", "{id} {name}");
        assert_eq!(attribute.get("caseExact").is_none(), attribute["type"] == "complex", "{id} {name}");
        if attribute["type"] == "complex" {
            check_attributes(id, &attribute["subAttributes"]);
        }
    }
}

#[tokio::test]
async fn resource_types_lead_to_schemas_and_endpoints() {
    let endpoint = scim(Storage::memory());
    let types = get(&endpoint, "/ResourceTypes").await;
    assert_eq!((listed(&types, "id"), &types.body["totalResults"]), (vec!["User", "Group"], &json!(2)));
    for kind in types.body["Resources"].as_array().unwrap() {
        let (name, path) = (kind["name"].as_str().unwrap(), kind["endpoint"].as_str().unwrap());
        assert_eq!(&get(&endpoint, &format!("/ResourceTypes/{name}")).await.body, kind);
        assert_eq!(get(&endpoint, path).await.status, StatusCode::OK);
        let schemas = std::iter::once(&kind["schema"])
            .chain(kind["schemaExtensions"].as_array().unwrap().iter().map(|extension| &extension["schema"]));
        for id in schemas {
            assert_eq!(get(&endpoint, &format!("/Schemas/{}", id.as_str().unwrap())).await.status, StatusCode::OK);
        }
    }
    assert_eq!(
        types.body["Resources"][0]["schemaExtensions"],
        json!([{"schema": urn::ENTERPRISE_USER, "required": false}])
    );
    assert_eq!(get(&super::endpoint(), "/ResourceTypes").await.body["totalResults"], 1);
}

#[tokio::test]
async fn what_there_is_not_and_what_cannot_be_changed() {
    let endpoint = endpoint();
    for path in ["/Schemas/urn:x:y", "/ResourceTypes/Group", "/ResourceTypes/user", "/Nothing", "/Schemas/a/b"] {
        assert_eq!(get(&endpoint, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/Schemas", "/ResourceTypes"] {
        assert_eq!(get(&endpoint, &format!("{path}?filter=id+pr")).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(get(&endpoint, &format!("{path}?startIndex=7&count=0")).await.status, StatusCode::OK, "{path}");
    }
    let schema = format!("/Schemas/{}", urn::USER);
    for path in ["/Schemas", schema.as_str(), "/ResourceTypes", "/ResourceTypes/User", "/ServiceProviderConfig", ""] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let reply = call(&endpoint, method.clone(), path, json!({})).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(reply.headers["allow"], "GET, HEAD, OPTIONS");
        }
    }
}

#[tokio::test]
async fn me_is_nobody() {
    let endpoint = scim(Storage::memory());
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let reply = call(&endpoint, method.clone(), "/Me", json!({})).await;
        assert_eq!(reply.status, StatusCode::NOT_IMPLEMENTED, "{method}");
    }
}

#[tokio::test]
async fn head_and_options() {
    let endpoint = scim(Storage::memory());
    let id = create(&endpoint, "ann").await;
    for (path, allowed) in [
        ("/Users".to_owned(), "GET, HEAD, POST, OPTIONS"),
        (format!("/Users/{id}"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("/Schemas".to_owned(), "GET, HEAD, OPTIONS"),
        (String::new(), "GET, HEAD, OPTIONS"),
    ] {
        let read = get(&endpoint, &path).await;
        let head = send(&endpoint, request(Method::HEAD, &path, None)).await;
        assert_eq!((head.status, &head.body), (StatusCode::OK, &Value::Null), "{path}");
        assert_eq!(head.headers["content-length"], read.body.to_string().len().to_string().as_str(), "{path}");
        assert_eq!(head.headers.get("etag"), read.headers.get("etag"));
        let options = send(&endpoint, request(Method::OPTIONS, &path, None)).await;
        assert_eq!((options.status, &options.headers["allow"]), (StatusCode::NO_CONTENT, &allowed.parse().unwrap()));
    }
    let bulk = send(&endpoint, request(Method::OPTIONS, "/Bulk", None)).await;
    assert_eq!(bulk.headers["allow"], "POST, OPTIONS");
    let missing = endpoint.router().oneshot(request(Method::HEAD, "/Users/x", None)).await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
