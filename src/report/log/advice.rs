//! What an entry says of its trouble, and what to do about it.
//!
//! Codes and meanings are Microsoft's (*How to analyze the Microsoft Entra provisioning logs*), the words are not.

use crate::event::{LogEntry, StepStatus};

/// `errorCategory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCategory {
    /// The provisioning service.
    Failure,
    /// The target's or the customer's data.
    NonServiceFailure,
    /// None: something to know.
    Success,
}

impl ErrorCategory {
    /// The word of the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::NonServiceFailure => "nonServiceFailure",
            Self::Success => "success",
        }
    }
}

/// What the log adds to an entry that isn't a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// `errorCode`.
    pub code: String,
    /// `reason`.
    pub reason: String,
    /// `additionalDetails`: how often it was tried, and when it is tried again.
    pub details: String,
    /// `errorCategory`.
    pub category: ErrorCategory,
    /// `recommendedAction`.
    pub action: Option<&'static str>,
}

/// What is said of an entry; `None` for a success.
pub fn advice(entry: &LogEntry) -> Option<Advice> {
    let (code, category) = match (entry.status(), &entry.error) {
        (StepStatus::Success, _) => return None,
        (StepStatus::Failure, Some(error)) => (error.code.clone(), category(&error.code)),
        (StepStatus::Failure, None) => (entry.reason_code.clone(), category(&entry.reason_code)),
        (StepStatus::Skipped, _) => (skip_code(&entry.reason_code).to_owned(), ErrorCategory::Success),
    };
    let action = match entry.status() {
        StepStatus::Skipped => recommended_action(&entry.reason_code).or_else(|| recommended_action(&code)),
        _ => recommended_action(&code),
    };
    Some(Advice { reason: entry.reason(), details: retry(entry), category, action, code })
}

/// The code of a skipped object; which reason it was is in the step.
fn skip_code(reason: &str) -> &str {
    match reason {
        "ImportSkipped" | "AttributeValidationFailed" | "UnableToResolveReferenceAttributeValue" => reason,
        _ => "EntrySynchronizationSkipped",
    }
}

fn retry(entry: &LogEntry) -> String {
    let Some(retry) = entry.trace.as_ref().and_then(|trace| trace.retry) else { return String::new() };
    let (retried, next) = (retry.failures.saturating_sub(1), retry.next);
    let times = if retried == 1 { "time" } else { "times" };
    if next <= entry.at {
        format!("This operation was retried {retried} {times}. It will be retried again in the next cycle.")
    } else {
        format!("This operation was retried {retried} {times}. It will be retried again after {next:.0}.")
    }
}

fn category(code: &str) -> ErrorCategory {
    if code.ends_with("InternalError") { ErrorCategory::Failure } else { ErrorCategory::NonServiceFailure }
}

/// What to do, by the end of the code: connectors put their own name before it.
pub fn recommended_action(code: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("IncompatibleFiltering", CONFLICT),
        ("EntryConflict", CONFLICT),
        ("Conflict", CONFLICT),
        (
            "TooManyRequests",
            "Nothing, it is retried. If it goes on, let the endpoint take more requests, or lower the rate.",
        ),
        ("InternalServerError", "Look into the endpoint's own log; the object is retried in the next cycle."),
        (
            "InsufficientRights",
            "Give the account behind the secret token the right to read, create, change and delete users and groups.",
        ),
        (
            "Unauthorized",
            "Check the secret token: that it is valid and belongs to an account with the rights it needs.",
        ),
        ("InvalidCredentials", "Check the tenant URL and the secret token with a connection test."),
        ("MethodNotAllowed", "Let the endpoint accept this method on this path."),
        ("NotPermitted", "Let the endpoint's owner permit this operation to the account behind the secret token."),
        ("UnprocessableEntity", "Compare the request with what the endpoint expects; its answer says what it refuses."),
        (
            "WebExceptionProtocolError",
            "Nothing, it is retried. If it goes on, see whether the endpoint ends connections early.",
        ),
        (
            "InvalidAnchor",
            "The account was removed behind the service's back. Restart provisioning with the links dropped, so that \
             the object is matched again.",
        ),
        ("NotImplemented", "Let the endpoint implement what was asked for."),
        ("MandatoryFieldsMissing", "Map a value to every attribute that the endpoint requires."),
        ("MissingValues", "Map a value to every attribute that the endpoint requires."),
        ("SchemaAttributeNotFound", "Take the attribute out of the mapping, or define it at the endpoint."),
        ("InvalidDomain", "Use a domain that the endpoint accepts, or change the mapping of the attribute."),
        ("Timeout", "Nothing, it is retried. If it goes on, see why the endpoint takes so long."),
        ("LicenseLimitExceeded", "Get more licences for the application, or assign fewer users."),
        (
            "DuplicateTargetEntries",
            "Remove or rename the accounts that shouldn't match, or match by an attribute that is unique.",
        ),
        (
            "DuplicateSourceEntries",
            "Change the value that these objects share in the directory, or match by an attribute that is unique.",
        ),
        ("ImportSkipped", "Give the object a value for a matching attribute, or match by one that it has."),
        (
            "MultipleEntriesInResponse",
            "Let the endpoint answer with the one resource that was asked for, and leave out what is excluded.",
        ),
        (
            "ServiceIncompatible",
            "Compare the endpoint's answer with SCIM 2.0; a check of the endpoint shows where it differs.",
        ),
        ("SchemaPropertyCanOnlyAcceptValue", "Map a single value to this attribute."),
        ("BadRequest", "Compare the request with what the endpoint expects; its answer says what it refuses."),
        ("BadResponse", "Compare the endpoint's answer with SCIM 2.0; a check of the endpoint shows where it differs."),
        ("AttributeValidationFailed", "Correct the value in the directory, or change the expression of the mapping."),
        (
            "UnableToResolveReferenceAttributeValue",
            "Bring the referenced user or group into scope. References to it are sent at the next restart.",
        ),
        ("TargetMoved", "Make the plan again; the account changed since it was made."),
        ("TooManyDeletes", "Allow the deletions, or bring the objects back into scope and restart provisioning."),
        ("EscrowPruned", "Correct what the last failure says, then restart provisioning."),
        (
            "NotEffectivelyEntitled",
            "To provision it, see that it is enabled, assigned with a role other than Default Access, and passes the \
             scoping filters.",
        ),
        ("SkipOutOfScopeDeletions", "Nothing: accounts that leave the scope are left alone by this job."),
        ("NoActiveMapping", "Map the account's enabled state, so that accounts can be disabled."),
        ("ActionOff", "Switch the target object action on in the mapping, if it is meant to be done."),
    ];
    KNOWN.iter().find(|(end, _)| code.ends_with(end)).map(|(_, action)| *action)
}

const CONFLICT: &str = "The endpoint has such an object already, but doesn't find it by the matching attribute. Correct \
    its value there, or match by the attribute that the endpoint holds to be unique.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_code_says_what_to_do() {
        let begins = |code: &str, expected: &str| {
            let action = recommended_action(code).unwrap_or_default();
            assert!(action.starts_with(expected), "{code}: {action}");
        };
        begins("SystemForCrossDomainIdentityManagementServiceIncompatible", "Compare the endpoint's answer");
        begins("SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering", "The endpoint has such");
        begins("BoxEntryConflict", "The endpoint has such");
        begins("InvalidAnchor", "The account was removed");
        assert_eq!(recommended_action("RedundantExport"), None);
        assert_eq!(category("InternalError"), ErrorCategory::Failure);
        assert_eq!(category("Timeout"), ErrorCategory::NonServiceFailure);
    }
}
