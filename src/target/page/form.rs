//! What a form or a query says.

use axum::body::{Body, to_bytes};
use url::form_urlencoded;

/// Fields by name; of two of one name the first counts.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

/// The longest form that is taken: a token and little more.
const LONGEST: usize = 16 * 1024;

impl Form {
    /// Reads the body of a POST; `None` where it is too long or breaks off.
    pub(super) async fn read(body: Body) -> Option<Self> {
        to_bytes(body, LONGEST).await.ok().map(|bytes| Self::parse(&bytes))
    }

    /// Reads a query.
    pub(super) fn query(query: Option<&str>) -> Self {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// A field without the blanks around it; one that is empty isn't there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// A field that is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}
