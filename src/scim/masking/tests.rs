use proptest::prelude::*;

use super::*;

const TOKEN: &str = "s3cr3t/tok+en \"q\"&ü";

fn masking(secrets: &[&str]) -> Masking {
    Masking::new(secrets.iter().map(|text| Secret::new(*text)).collect::<Vec<_>>())
}

fn body(text: impl AsRef<[u8]>) -> HttpExchange {
    HttpExchange { request_body: Content::from(text.as_ref()), ..HttpExchange::default() }
}

#[track_caller]
fn check(secrets: &[&str], bytes: impl AsRef<[u8]>, expected: &str) {
    let masked = masking(secrets).masked(&body(bytes)).request_body;
    assert_eq!(String::from_utf8_lossy(&masked.bytes), expected);
}

#[test]
fn a_known_secret_is_masked_however_it_is_written() {
    for written in [
        TOKEN.to_owned(),
        "s3cr3t%2Ftok%2Ben%20%22q%22%26%C3%BC".to_owned(),
        "s3cr3t%2ftok%2ben+%22q%22%26%c3%bc".to_owned(),
        "s3cr3t%252Ftok%252Ben%2520%2522q%2522%2526%25C3%25BC".to_owned(),
        r#"s3cr3t\/tok+en \"q\"&\u00fc"#.to_owned(),
        r#"s3cr3t/tok+en \\\"q\\\"\u0026ü"#.to_owned(),
        "s3cr3t/tok+en &quot;q&#34;&amp;&#xFC;".to_owned(),
    ] {
        check(&[TOKEN], format!("<{written}>"), "<[secret]>");
    }
    check(&["tøken-\u{1f511}"], r#"["t\u00f8ken-\uD83D\udd11"]"#, r#"["[secret]"]"#);
    check(&[r"back\slash"], r#"["back\\slash", "back\\\\slash"]"#, r#"["[secret]", "[secret]"]"#);
}

#[test]
fn a_secret_inside_base64_is_masked_wherever_it_begins() {
    for before in ["", "u", "us", "user:"] {
        for after in ["", ".", "..", "..."] {
            let encoded = STANDARD.encode(format!("{before}{TOKEN}{after}"));
            let masked = masking(&[TOKEN]).masked(&body(format!("Basic {encoded}"))).request_body.bytes;
            let masked = String::from_utf8(masked).unwrap();
            assert!(masked.contains("[secret]"), "{before}…{after}: {masked}");
            assert!(masked.len() < "Basic [secret]".len() + 16, "{before}…{after}: {masked}");
        }
    }
}

#[test]
fn what_begins_an_escape_may_stand_for_itself() {
    check(&["a%25b&amp;c"], "a%25b&amp;c a%2525b%26amp%3Bc", "[secret] [secret]");
    check(&["%%%%%%%%x"], "%25%%25%25%%25%%25xy", "[secret]y");
    check(&[r"\u0041"], r"\u0041 \\u0041", "[secret] [secret]");
}

#[test]
fn bytes_that_were_made_to_take_long_are_masked_unread() {
    let secret = format!("{}b", "a".repeat(8_000));
    let masked = masking(&[&secret]).masked(&body("a".repeat(1 << 16))).request_body.bytes;
    assert!(masked.ends_with(b"[secret]"), "{}", masked.len());
}

#[test]
fn the_beginning_of_a_secret_at_the_end_of_a_body_is_masked() {
    check(&["abcdefghijkl"], "x abcdefgh", "x [secret]");
    check(&["abcdefgh/jkl"], "x abcdefgh%2", "x [secret]");
    check(&["abcdefghijkl"], "x abcdefgh…", "x [secret]");
    check(&["abcdefghijkl"], "x abcdefg", "x abcdefg");
    check(&["abcdefghijkl"], "x abcdefgh y", "x abcdefgh y");
}

#[test]
fn members_that_are_secrets_by_their_names() {
    for (json, expected) in [
        (r#"{"password":"x","a":1}"#, r#"{"password":"[secret]","a":1}"#),
        (r#"{ "Access_Token" : "a\"b" , "expires_in": 5 }"#, r#"{ "Access_Token" : "[secret]" , "expires_in": 5 }"#),
        (r#"[{"clientSecret":12345}]"#, r#"[{"clientSecret":"[secret]"}]"#),
        (r#"{"password":null,"token":true}"#, r#"{"password":null,"token":true}"#),
        (r#"{"secret":{"token":"a","b":["c"]},"d":"e"}"#, r#"{"secret":"[secret]","d":"e"}"#),
        (r#"{"password":"cut o"#, r#"{"password":"[secret]""#),
        (
            r#"{"newPassword":"x","secretKey":7,"code":"kept"}"#,
            r#"{"newPassword":"[secret]","secretKey":"[secret]","code":"kept"}"#,
        ),
        (r#"{"token_type":"Bearer","ext_token":"x"}"#, r#"{"token_type":"Bearer","ext_token":"[secret]"}"#),
        (
            r#"{"path":"password[type eq \"a\"]","value":"x"}"#,
            r#"{"path":"password[type eq \"a\"]","value":"[secret]"}"#,
        ),
        (r#"{"filter":"password eq \"x\"","count":1}"#, r#"{"filter":"[secret]","count":1}"#),
        (r#"{"filter":"userName eq \"password\""}"#, r#"{"filter":"userName eq \"password\""}"#),
        (
            r#"{"changePassword":{"supported":false},"name":"password"}"#,
            r#"{"changePassword":{"supported":false},"name":"password"}"#,
        ),
        (
            r#"{"Operations":[{"op":"Add","value":"x","path":"password"},{"op":"Add","path":"title","value":"y"}]}"#,
            r#"{"Operations":[{"op":"Add","value":"[secret]","path":"password"},{"op":"Add","path":"title","value":"y"}]}"#,
        ),
        (
            r#"{"path":"urn:ietf:params:scim:schemas:core:2.0:User:password","value":[{"value":"x"}]}"#,
            r#"{"path":"urn:ietf:params:scim:schemas:core:2.0:User:password","value":"[secret]"}"#,
        ),
        (r#"{"path":"password","value":"x""#, r#"{"path":"password","value":"[secret]""#),
    ] {
        check(&[], json, expected);
    }
}

#[test]
fn form_fields_that_are_secrets_by_their_names() {
    check(
        &[],
        "grant_type=client_credentials&client_secret=a%2Bb&scope=",
        "grant_type=client_credentials&client_secret=[secret]&scope=",
    );
    check(&[], "client_secret=&x=1", "client_secret=&x=1");
    check(&[], "a=b;client_secret=c;d&e=f", "a=b;client_secret=[secret]&e=f");
    check(&[], "sig=kept&code=kept&jwt=x", "sig=kept&code=kept&jwt=[secret]");
    for form in ["{=x&+password+=x", "%20password%20=x"] {
        let exchange = HttpExchange {
            request_headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            ..body(form)
        };
        let masked = String::from_utf8(masking(&[]).masked(&exchange).request_body.bytes).unwrap();
        assert!(masked.ends_with("=[secret]"), "{masked}");
    }
    for (target, expected) in [
        (
            "/a?code=x&sig=y&KEY=z&api_token=u&subscription-key=v&count=1",
            "/a?code=[secret]&sig=[secret]&KEY=[secret]&api_token=[secret]&subscription-key=[secret]&count=1",
        ),
        ("/Users?filter=password+eq+%22x%22&count=1", "/Users?filter=[secret]&count=1"),
        ("/Users?filter=userName%20eq%20%22token%22", "/Users?filter=userName%20eq%20%22token%22"),
        ("/a?next=/b?token=x", "/a?next=/b?token=[secret]"),
    ] {
        let exchange = HttpExchange { target: target.to_owned(), ..HttpExchange::default() };
        assert_eq!(masking(&[]).masked(&exchange).target, expected);
    }
    check(&[], "password = x, in prose", "password = x, in prose");
    let exchange = HttpExchange { target: "/Users?access_token=x&count=1".to_owned(), ..HttpExchange::default() };
    assert_eq!(masking(&[]).masked(&exchange).target, "/Users?access_token=[secret]&count=1");
}

#[test]
fn secrets_in_headers() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let exchange = HttpExchange {
        target: "/x?y=found-in-a-url".to_owned(),
        request_headers: vec![
            header("referer", "https://h.example/?token=found-in-a-url&a=b"),
            header("a-known-secret", "x"),
        ],
        response_headers: vec![header("location", "/cb?code=1#access_token=2"), header("x-mood", "why? a=b")],
        ..HttpExchange::default()
    };
    let masked = masking(&["a-known-secret"]).masked(&exchange);
    assert_eq!(masked.target, "/x?y=[secret]");
    assert_eq!(masked.request_headers[0].1, "https://h.example/?token=[secret]&a=b");
    assert_eq!(masked.request_headers[1].0, "[secret]");
    assert_eq!(masked.response_headers[0].1, "/cb?code=[secret]");
    assert_eq!(masked.response_headers[1].1, "why? a=b");
}

#[test]
fn what_was_found_by_its_name_is_masked_in_the_whole_exchange() {
    let exchange = HttpExchange {
        target: "/token?hint=issued-token-1".to_owned(),
        response_headers: vec![("x-echo".to_owned(), "issued-token-1".to_owned())],
        response_body: Content::from(br#"{"access_token":"issued-token-1"}"#.as_slice()),
        remarks: vec!["issued-token-1 was issued".to_owned()],
        ..HttpExchange::default()
    };
    let masked = masking(&[]).masked(&exchange);
    assert_eq!(masked.target, "/token?hint=[secret]");
    assert_eq!(masked.response_headers[0].1, "[secret]");
    assert_eq!(masked.remarks, ["[secret] was issued"]);
}

#[test]
fn what_a_request_was_sent_with_is_masked_in_it_alone() {
    let mut masking = masking(&[]);
    let with = |secret: &str| HttpExchange {
        credentials: SentCredentials::new([Secret::new(secret)]),
        ..body("first-token second-token")
    };
    let shown = |exchange: HttpExchange| String::from_utf8(exchange.request_body.bytes).unwrap();
    assert_eq!(shown(masking.masked(&with("first-token"))), "[secret] second-token");
    assert_eq!(shown(masking.masked(&with("second-token"))), "first-token [secret]");
    assert_eq!(shown(masking.masked(&body("second-token"))), "second-token");
}

#[test]
fn headers_are_shown_by_their_names() {
    for (name, value, expected) in [
        ("authorization", "Bearer abc", "Bearer [secret]"),
        ("authorization", "bearer\tabc", "bearer [secret]"),
        ("authorization", "my-token is-this", "[secret]"),
        ("X-Credential", "abc", "[secret]"),
        ("X-Session-Id", "abc", "[secret]"),
        ("X-Amz-Signature", "abc", "[secret]"),
        ("X-Pwd", "abc", "[secret]"),
        ("access-control-allow-credentials", "true", "true"),
        ("Authorization", "abc", "[secret]"),
        ("proxy-authorization", "Basic YTpi", "Basic [secret]"),
        ("cookie", "a=b c", "[secret]"),
        ("Set-Cookie", "a=b; Path=/", "[secret]"),
        ("x-api-key", "abc", "[secret]"),
        ("WWW-Authenticate", "Bearer realm=\"scim\"", "Bearer realm=\"scim\""),
        ("content-type", "application/json", "application/json"),
    ] {
        assert_eq!(header_as_shown(name, value), expected, "{name}");
    }
}

#[test]
fn credentials_are_taken_out_of_headers() {
    for (name, value, expected) in [
        ("authorization", "Bearer abcdefgh", vec!["abcdefgh"]),
        ("authorization", "Basic dXNlcjpwYXNzd29yZDE=", vec!["dXNlcjpwYXNzd29yZDE=", "password1"]),
        ("authorization", "Bearer abc", vec![]),
        ("authorization", "Bearer\tabcdefgh", vec!["abcdefgh"]),
        ("authorization", "Bearer Bearer abcdefgh", vec!["Bearer abcdefgh", "abcdefgh"]),
        ("authorization", "odd-scheme abcdefgh", vec!["odd-scheme abcdefgh", "odd-scheme", "abcdefgh"]),
        ("x-api-key", "abcdefgh ijk", vec!["abcdefgh ijk"]),
        ("accept", "application/json", vec![]),
    ] {
        let found = credentials_in(name, value);
        assert_eq!(found.iter().map(Secret::expose).collect::<Vec<_>>(), expected, "{value}");
    }
}

#[test]
fn what_is_missing_of_a_body_stays_missing() {
    let mut exchange = body("abc token-1234 def");
    exchange.request_body.length += 100;
    let masked = masking(&["token-1234"]).masked(&exchange).request_body;
    assert!(masked.is_cut());
    assert_eq!(masked.length - masked.bytes.len() as u64, 100);
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), secret in "[a%+\\\\\"&ü]{1,12}") {
        let mut masking = masking(&[&secret]);
        let masked = masking.masked(&body(&bytes)).request_body.bytes;
        let holds = masked.windows(secret.len()).any(|part| part == secret.as_bytes());
        // Bytes on both sides of a mask may make up the secret anew only if it is made of mask.
        prop_assert!(!holds);
    }

    #[test]
    fn documents_stay_json(secret in "[ -~]{1,20}", text in "[ -~]{0,20}") {
        let document = serde_json::json!({ "a": [&secret, &text], "password": &secret, "b": { "path": "password", "value": &text } });
        let masked = masking(&["unlikely-secret"]).masked(&body(document.to_string())).request_body.bytes;
        let masked: serde_json::Value = serde_json::from_slice(&masked).unwrap();
        prop_assert_eq!(&masked["password"], "[secret]");
        prop_assert_eq!(&masked["b"]["value"], "[secret]");
    }
}

#[test]
fn headers_are_secret_by_any_part_of_their_names() {
    for (name, expected) in [
        ("authorization", true),
        ("Proxy-Authorization", true),
        ("X-API-KEY", true),
        ("set-cookie", true),
        ("x-csrftoken", true),
        ("password", true),
        ("WWW-Authenticate", false),
        ("host", false),
        ("content-type", false),
        ("x-toke", false),
        ("", false),
    ] {
        assert_eq!(is_secret_header(name), expected, "{name}");
    }
}

#[test]
fn a_line_lacks_headers_and_bodies_but_not_what_they_tell_of_secrets() {
    let exchange = HttpExchange {
        target: "/Users?q=found-in-the-body&x=a-known-secret".to_owned(),
        request_headers: vec![("host".to_owned(), "localhost".to_owned())],
        remarks: vec!["a-known-secret".to_owned()],
        ..body(r#"{"password":"found-in-the-body"}"#)
    };
    let line = masking(&["a-known-secret"]).masked_line(&exchange);
    assert_eq!(line.target, "/Users?q=[secret]&x=[secret]");
    assert_eq!(line.remarks, ["[secret]"]);
    assert!(line.request_headers.is_empty() && line.request_body.bytes.is_empty());
    let whole = masking(&["a-known-secret"]).masked(&exchange);
    assert_eq!((whole.target, whole.remarks), (line.target, line.remarks));
}

#[test]
fn many_secrets_are_found_and_nothing_else_is_hidden() {
    let mut random = crate::base::Random::seeded(7);
    let mut hex = || format!("{}{}", random.guid().simple(), random.guid().simple());
    let known = KnownSecrets::new(vec![Secret::new(hex())]);
    let mut masking = Masking::new(known.clone());
    let later: Vec<String> = (0..101).map(|_| hex()).collect();
    for secret in &later {
        known.add(&Secret::new(secret.as_str()));
    }
    known.add(&Secret::new(later[5].as_str()));
    let others: String = (0..250).map(|_| hex()).collect();
    let text = format!("{others} {} {} {others}", later[1], later[100]);
    let masked = String::from_utf8(masking.masked(&body(text)).request_body.bytes).unwrap();
    assert_eq!(masked, format!("{others} [secret] [secret] {others}"));
    let forgotten = masking.masked(&body(&later[0])).request_body.bytes;
    assert_eq!(forgotten, later[0].as_bytes(), "there is an end to what is remembered");
}
