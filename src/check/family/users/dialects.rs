//! `users.patch.dialect.*`: everything that the service writes by PATCH, in each of its two dialects.

use super::{active, manager, patch};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::groups;
use crate::check::probe::{Probe, Stop};
use crate::check::{CheckResult, DialectOutcome, Finding, Status, find};
use crate::scim::{ChangeOp, Dialect};

const SCIM: &str = "users.patch.dialect.scim";
const COMPLIANT: &str = "users.patch.dialect.compliant";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: SCIM,
        category: Category::Mandatory,
        holds: "changes take effect as the service writes them by default: capital operations, \"True\" and \"False\" as texts, one \
                operation for each attribute",
        reference: "Microsoft, known issues with SCIM compliance: behaviour without the flag aadOptscim062020",
        effect: "changes are refused or lost unless the tenant URL ends with ?aadOptscim062020, and always in provision on demand",
        remedy: "read operations and booleans in any letter case, and booleans as texts too",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(judge(probe, Dialect::Scim)),
    },
    Check {
        id: COMPLIANT,
        category: Category::Mandatory,
        holds: "changes take effect as the service writes them with the flag aadOptscim062020: lower case, JSON booleans, several \
                attributes in one operation without a path",
        reference: "Microsoft, known issues with SCIM compliance: the flag aadOptscim062020; RFC 7644 section 3.5.2",
        effect: "changes are refused or lost where the tenant URL ends with ?aadOptscim062020",
        remedy: "support operations without a path, whose value is an object; read keys such as name.givenName and those that begin \
                 with a schema's URN as paths",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(judge(probe, Dialect::Compliant)),
    },
];

/// Writes everything in a dialect. Only the one that the tenant URL asks for has to work.
async fn judge(probe: &Probe, dialect: Dialect) -> Result<(), Stop> {
    if dialect != probe.dialect() {
        probe.soften();
    }
    told_by(probe, "users.patch.replace", patch::replace_in(probe, dialect).await)?;
    told_by(probe, "users.patch.add", patch::add_in(probe, dialect).await)?;
    for (on, check) in [(false, "users.disable"), (true, "users.enable")] {
        let user = probe.user().await?;
        told_by(probe, check, active::switch(probe, &user, dialect, ChangeOp::Replace, on).await)?;
    }
    if probe.features().meets(Need::Manager).is_ok() {
        told_by(probe, "users.manager", manager::manager_in_dialect(probe, dialect).await)?;
    }
    if probe.features().meets(Need::Groups).is_ok() {
        match groups::members_in_dialect(probe, dialect).await {
            // Whether groups can be made is for others to say.
            Err(Stop::Blocked { .. }) => {}
            done => told_by(probe, "groups.members.add", done)?,
        }
    }
    Ok(())
}

/// Lets what was found be told as by the check that is about it. What doesn't apply, and what fails, leaves the other
/// parts to be tried.
fn told_by(probe: &Probe, id: &str, done: Result<(), Stop>) -> Result<(), Stop> {
    if let Some(check) = find(id) {
        for finding in probe.findings.borrow_mut().iter_mut().filter(|finding| finding.remedy == probe.check.remedy) {
            check.remedy.clone_into(&mut finding.remedy);
        }
    }
    match done {
        Err(stop @ (Stop::Blocked { .. } | Stop::Interrupted)) => Err(stop),
        Ok(()) | Err(Stop::Failed | Stop::NotApplicable(_)) => Ok(()),
    }
}

/// What both dialects came to, where both were tried.
pub(in crate::check) fn compared(results: &[CheckResult]) -> Vec<DialectOutcome> {
    let outcome = |id: &str, dialect| {
        let result = results.iter().find(|result| result.check.id == id && result.status != Status::Skipped)?;
        let lost = result.findings.iter().map(in_short).collect();
        Some(DialectOutcome { dialect, passed: result.status == Status::Passed, lost })
    };
    match [outcome(SCIM, Dialect::Scim), outcome(COMPLIANT, Dialect::Compliant)] {
        [Some(scim), Some(compliant)] => vec![scim, compliant],
        _ => Vec::new(),
    }
}

/// So many attributes are named.
const NAMED: usize = 2;

/// What is lost, in a few words.
fn in_short(finding: &Finding) -> String {
    let short =
        |name: &String| name.strip_prefix("urn:").and_then(|urn| urn.rsplit(':').next()).unwrap_or(name).to_owned();
    let mut names = finding.about.iter().take(NAMED).map(short).collect::<Vec<_>>().join(", ");
    if let Some(more) = finding.about.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names = format!("{names} and {more} more");
    }
    match finding.cause.as_str() {
        _ if names.is_empty() => finding.observed.clone(),
        cause if cause.starts_with("patch-") => format!("refuses {names}"),
        "stored-literally" => format!("stores {names} under wrong names"),
        "string-for-boolean" => format!("stores {names} as text"),
        "case-changed" => format!("changes the letter case of {names}"),
        _ => format!("loses {names}"),
    }
}
