//! What lies behind an error.

use std::error::Error;
use std::io;

/// Longer chains are cut: one that leads back into itself has no end.
const LONGEST: usize = 16;

/// An error and its causes. `io::Error` hides the one that it wraps from `source`, so that is looked up too.
pub fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
    .take(LONGEST)
}

/// The cause that says most: the last one. Outer ones repeat the URL.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn also_what_an_error_of_the_system_wraps() {
        let error = Outer(io::Error::other(Outer(io::Error::new(io::ErrorKind::NotFound, "inner"))));
        assert_eq!(innermost(&error), "inner");
        assert_eq!(causes(&error).filter(|cause| cause.is::<Outer>()).count(), 2);
    }
}
