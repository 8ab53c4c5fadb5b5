//! Collects diagnostics without growing with the number of bad rows.

use crate::base::Diagnostic;

/// How many diagnostics of one reading are kept; further ones are only counted.
pub const DIAGNOSTIC_LIMIT: usize = 1_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) kept: Vec<Diagnostic>,
    pub(super) total: u64,
}

impl Findings {
    pub(super) fn add(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        self.total += 1;
        if self.kept.len() < DIAGNOSTIC_LIMIT {
            self.kept.push(diagnostic());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_ones_are_counted() {
        let mut findings = Findings::default();
        for _ in 0..=DIAGNOSTIC_LIMIT {
            findings.add(|| Diagnostic::warning("x"));
        }
        assert_eq!((findings.kept.len(), findings.total), (1_000, 1_001));
    }
}
