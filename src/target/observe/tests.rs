use axum::body::to_bytes;
use tower::ServiceExt as _;

use super::*;
use crate::base::{Random, Secret};
use crate::scim::HttpExchange;
use crate::target::{EndpointOptions, Fault, FaultRule, Storage};

#[derive(Default)]
struct Seen(Mutex<Vec<Arc<HttpExchange>>>);

impl Observer for Seen {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        self.0.lock().unwrap().push(Arc::clone(exchange));
    }
}

#[tokio::test]
async fn an_exchange_is_shown_once_it_is_over_with_its_secrets_masked() {
    let clock = Clock::starting_at("2026-03-01T00:00:00Z".parse().unwrap());
    let options = EndpointOptions::wedo(vec![Secret::new("s3cret")], clock, Random::seeded(1));
    let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
    let seen = Arc::new(Seen::default());
    endpoint.observe(Arc::<Seen>::clone(&seen));
    let request = Request::post("/scim/v2/Users?x=1")
        .header("Host", "localhost:1")
        .header("Authorization", "Bearer s3cret")
        .header("Cookie", "a=1; session=2")
        .body(Body::from("{}"))
        .unwrap();
    let response = endpoint.router().oneshot(request).await.unwrap();
    let sent = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let exchanges = seen.0.lock().unwrap();
    let [exchange] = exchanges.as_slice() else { panic!("{exchanges:?}") };
    assert_eq!((exchange.method.as_str(), exchange.origin.as_str()), ("POST", "http://localhost:1"));
    assert_eq!((exchange.target.as_str(), exchange.status), ("/scim/v2/Users?x=1", Some(400)));
    assert_eq!(exchange.request_body, Content::from(b"{}".as_slice()));
    assert_eq!(exchange.response_body.bytes, sent);
    let header = |name: &str| exchange.request_headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    assert_eq!(header("authorization").unwrap(), "Bearer [secret]");
    assert_eq!(header("cookie").unwrap(), "[secret]");
    assert!(exchange.response_headers.iter().any(|(name, _)| name == "content-type"));
}

#[tokio::test]
async fn an_answer_that_never_goes_out_isnt_shown() {
    let clock = Clock::starting_at("2026-03-01T00:00:00Z".parse().unwrap());
    let options = EndpointOptions::wedo(vec![Secret::new("s3cret")], clock, Random::seeded(1));
    let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
    endpoint.set_faults(vec![FaultRule::new(Fault::parse("drop-connection").unwrap())]);
    let seen = Arc::new(Seen::default());
    endpoint.observe(Arc::<Seen>::clone(&seen));
    let request = Request::get("/scim/v2/Users").header("Authorization", "Bearer s3cret").body(Body::empty()).unwrap();
    drop(endpoint.router().oneshot(request).await.unwrap());
    let exchanges = seen.0.lock().unwrap();
    let [exchange] = exchanges.as_slice() else { panic!("{exchanges:?}") };
    assert_eq!((exchange.status, exchange.response_headers.as_slice()), (None, [].as_slice()));
    assert_eq!(exchange.remarks, ["drop-connection", "the connection ended before there was an answer"]);
    assert_eq!(exchange.response_body, Content::default());
}
