//! `[target.oauth]`.

use super::*;
use crate::scim::ClientAuthentication;

const TARGET: &str = "[target]\ntenant_url = \"https://h.example/scim\"\n";
const OAUTH: &str = "[target.oauth]\ntoken_endpoint = \"https://login.example/t/token?v=1\"\nclient_id = \"me\"\n\
                     client_secret_env = \"SECRET\"\n";

#[test]
fn what_is_needed_and_what_can_be_said() {
    let settings = read(&format!("{TARGET}{OAUTH}{MINIMAL}")).unwrap();
    assert_eq!(settings.warnings, [], "no secret token is missed");
    assert_eq!(settings.target.token, TokenSource::None);
    let oauth = settings.target.oauth.unwrap();
    assert_eq!(oauth.token_endpoint.url().as_str(), "https://login.example/t/token?v=1");
    assert_eq!((oauth.client_id.as_str(), oauth.scope), ("me", None));
    assert_eq!(oauth.client_secret, TokenSource::Env("SECRET".to_owned()));
    assert_eq!(oauth.client_authentication, ClientAuthentication::Body);

    let lines = "client_secret_file = \"secrets/wedo\"\nscope = \" a  b \"\nclient_authentication = \"header\"";
    let text = OAUTH.replace("client_secret_env = \"SECRET\"", lines);
    let oauth = read(&format!("{TARGET}{text}{MINIMAL}")).unwrap().target.oauth.unwrap();
    assert_eq!(oauth.client_secret, TokenSource::File("conf/secrets/wedo".into()));
    assert_eq!(oauth.scope.as_deref(), Some("a b"));
    assert_eq!(oauth.client_authentication, ClientAuthentication::Header);
    // Inline, as well.
    let inline =
        "oauth = { token_endpoint = \"https://h.example/token\", client_id = \"x\", client_secret_env = \"S\" }\n";
    assert!(read(&format!("{TARGET}{inline}{MINIMAL}")).unwrap().target.oauth.is_some());
}

#[test]
fn what_is_missing_is_named() {
    check(
        "[target.oauth]",
        &[
            "conf/scimulate.toml:1:1: there is no client secret in [target.oauth]",
            "[target.oauth]",
            "^^^^^^^^^^^^^^",
            "= name the variable that holds it, client_secret_env = \"WEDO_CLIENT_SECRET\", or a file in \
             `client_secret_file`",
            "conf/scimulate.toml:1:1: `token_endpoint` is missing in [target.oauth]",
            "[target.oauth]",
            "^^^^^^^^^^^^^^",
            "= for instance token_endpoint = \"https://login.example.com/oauth2/token\"",
            "conf/scimulate.toml:1:1: `client_id` is missing in [target.oauth]",
            "[target.oauth]",
            "^^^^^^^^^^^^^^",
            "= for instance client_id = \"scim-client\"",
        ],
    );
}

#[test]
fn keys_and_words() {
    check(
        &format!("{OAUTH}scopes = \"x\"\nclient_authentication = \"basic\""),
        &[
            "conf/scimulate.toml:5:1: unknown key `scopes` in [target.oauth]",
            "scopes = \"x\"",
            "^^^^^^",
            "= did you mean `scope`?",
            "conf/scimulate.toml:6:25: `client_authentication` doesn't know \"basic\"",
            "client_authentication = \"basic\"",
            "                        ^^^^^^^",
            "= it takes: \"body\", \"header\", \"both\"",
        ],
    );
    check(
        "[target.oath]",
        &[
            "conf/scimulate.toml:1:9: unknown section `oath` in [target]",
            "[target.oath]",
            "        ^^^^",
            "= did you mean `oauth`?",
        ],
    );
    check(
        "[target]\noauth = true",
        &[
            "conf/scimulate.toml:2:9: `oauth` is true or false, expected a section",
            "oauth = true",
            "        ^^^^",
            "= write a section",
        ],
    );
}

#[test]
fn a_secret_token_beside_it_is_refused() {
    for key in ["secret_token_env", "secret_token_file"] {
        check(
            &format!("{TARGET}{key} = \"TOKEN\"\n{OAUTH}"),
            &[
                "conf/scimulate.toml:4:1: a secret token and [target.oauth] exclude each other",
                "[target.oauth]",
                "^^^^^^^^^^^^^^",
                "= keep `secret_token_env` or `secret_token_file` for a token that lasts, or this section to ask for tokens",
            ],
        );
    }
}

#[test]
fn token_endpoints() {
    for (url, message, hint) in [
        (
            "login.example/token",
            "`login.example/token` isn't a URL: relative URL without a base",
            "write it with its scheme: https://login.example/token",
        ),
        ("ftp://h.example", "the scheme `ftp` isn't http or https", "the token endpoint begins with https://"),
        (
            "http://h.example/token",
            "plain http to `h.example` would send the client secret unencrypted",
            "use https; if it has to be, set `allow_http = true` in [target]",
        ),
        (
            "https://h.example/token#x",
            "the token endpoint must not have a fragment (`#…`)",
            "leave out what follows the `#`",
        ),
    ] {
        let line = format!("token_endpoint = \"{url}\"");
        let text = OAUTH.replace("token_endpoint = \"https://login.example/t/token?v=1\"", &line);
        let carets = format!("{}{}", " ".repeat(17), "^".repeat(url.len() + 2));
        check(&text, &[&format!("conf/scimulate.toml:2:18: {message}"), &line, &carets, &format!("= {hint}")]);
    }
    for (target, url) in [("", "http://localhost:8080/token"), ("[target]\nallow_http = true\n", "http://h.example/t")]
    {
        let text = OAUTH.replace("https://login.example/t/token?v=1", url);
        assert!(read(&format!("{target}{text}{MINIMAL}")).unwrap().target.oauth.is_some(), "{url}");
    }
}

#[test]
fn odd_but_allowed() {
    let text = OAUTH.replace("/t/token?v=1", "/t/oauth2/v2.0/authorize");
    let settings = read(&format!("{text}{MINIMAL}")).unwrap();
    assert_eq!(
        show(&settings.warnings),
        "conf/scimulate.toml:1:1: [target.oauth] isn't used: the target is the built-in endpoint\n\
         [target.oauth]\n^^^^^^^^^^^^^^\n= name the target in `tenant_url`\n\
         conf/scimulate.toml:2:18: this is the address where people sign in; nobody gets tokens there\n\
         token_endpoint = \"https://login.example/t/oauth2/v2.0/authorize\"\n                 \
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
         = the token endpoint ends in `/token` as a rule\n"
    );
}

#[test]
fn client_secrets_are_never_shown() {
    for lines in [
        "client_secret = \"s3cret\"",
        "client_secrt = \"s3cret\"",
        "client_secret = s3cret",
        "client_secret_env = \"s3cret.with-dots\"",
        "token_endpoint = \"https://ann:s3cret@h.example\"",
        "token_endpoint = \"ftp://h.example/token?code=s3cret\"",
    ] {
        let error = read(&format!("[target.oauth]\n{lines}\n{MINIMAL}")).expect_err(lines);
        let shown = format!("{error} {error:?} {}", show(&error.diagnostics()));
        assert!(!shown.contains("s3cret"), "{lines}: {shown}");
    }
    check(
        &OAUTH.replace("client_secret_env = \"SECRET\"", "client_secret = \"s3cret\""),
        &[
            "conf/scimulate.toml:4:1: a client secret must not be written into the config file",
            "client_secret =…",
            "^^^^^^^^^^^^^",
            "= put it into an environment variable and name that: client_secret_env = \"WEDO_CLIENT_SECRET\"; \
             a secret that was in a shared file should be replaced",
        ],
    );
    check(
        &format!("{OAUTH}client_secret_file = \"x\""),
        &[
            "conf/scimulate.toml:5:22: both `client_secret_env` and `client_secret_file` are set",
            "client_secret_file = \"x\"",
            "                     ^^^",
            "= keep one of them",
        ],
    );
}
