//! The SCIM client: transport (HTTP or in process), token or OAuth, rate, one call with its retries, typed
//! operations, and the diagnosis behind `test-connection`.
//!
//! Every answer is sorted: what came over the wire stands in an [`Exchange`](crate::scim::Exchange),
//! what it means in a `Result` whose [`Failure`] says where it went wrong, whether it may pass and
//! which error code the provisioning log gives it. The token goes to the tenant's origin alone and
//! is masked in everything that is shown; so do access tokens and the client secret that they are asked for with.

mod answer;
mod call;
mod diagnosis;
mod failure;
mod jwt;
mod limiter;
mod listing;
mod oauth;
mod operations;
mod options;
mod patience;
mod raw;
mod request;
#[cfg(test)]
mod stub;
mod token;
mod transport;
mod watch;

pub use answer::{Answer, AnswerBody};
pub use call::{CallOutcome, Client};
pub use diagnosis::{ConnectionReport, Verdict, judge, test_connection};
pub use failure::{BodyKind, ErrorAnswer, Failure, Operation, Refusal, TlsProblem, TransportKind, Unexpected};
pub use listing::Page;
pub use oauth::{Credentials, OAuth, TokenExchange, TokenFailure, TokenRefusal, UnusableToken};
pub use operations::{Created, Deleted, Found};
pub use options::{ClientError, ClientOptions, Gate, Rate};
pub use raw::{RawCredentials, RawExchange, RawRequest};
pub use request::{
    create_request, delete_request, find_request, get_request, get_whole_request, list_request, patch_request,
    reference_request,
};
pub use token::{Token, TokenError, TokenWarning};
