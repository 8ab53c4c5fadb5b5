//! `users.disable` and `users.enable`: people who leave and come back.

use serde_json::{Value, json};

use super::filter::expect_look_ups;
use super::shape;
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::found::expect_found;
use crate::check::probe::{Object, Probe, Stop};
use crate::schema::ObjectKind;
use crate::scim::{ChangeOp, Dialect};

const USER: ObjectKind = ObjectKind::User;
const NO_ACTIVE: &str = "the mapping has no `active`: the service never disables accounts with it";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.disable",
        category: Category::Mandatory,
        holds: "`active` false by PATCH disables an account, which can still be read and looked up",
        reference: "Microsoft, gallery validation: Disable_User; Microsoft, Develop a SCIM endpoint: soft deletion",
        effect: "people who left keep their access; or the account is hidden, so that whoever comes back gets a second one or a \
                 conflict",
        remedy: "take \"False\" and false for `active`, in any letter case; keep disabled accounts, with \"active\": false, in GET and \
                 in look-ups",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(disable(probe)),
    },
    Check {
        id: "users.enable",
        category: Category::Mandatory,
        holds: "`active` true by PATCH enables a disabled account again",
        reference: "Microsoft, gallery validation: Restore_User",
        effect: "people who come back stay locked out, though the log says that they were restored",
        remedy: "take \"True\" and true for `active`, in any letter case",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(enable(probe)),
    },
];

async fn disable(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let can_look_up = expect_look_ups(probe, &user).await.is_ok();
    switch(probe, &user, probe.dialect(), ChangeOp::Replace, false).await?;
    if !probe.is_clean() {
        return Ok(());
    }
    if can_look_up {
        expect_still_found(probe, &user).await?;
    }
    // What was read without `active` is given one with Add.
    let another = probe.user().await?;
    let before = probe.findings.borrow().len();
    switch(probe, &another, probe.dialect(), ChangeOp::Add, false).await?;
    for finding in &mut probe.findings.borrow_mut()[before..] {
        finding.severity = crate::check::Severity::Warning;
        "an account that was read without `active` is disabled with Add, and stays enabled"
            .clone_into(&mut finding.effect);
        "take Add for `active` like Replace".clone_into(&mut finding.remedy);
    }
    Ok(())
}

/// Disabled accounts are found like others.
async fn expect_still_found(probe: &Probe, user: &Object) -> Result<(), Stop> {
    let answer = probe.find(USER, "userName", &user.name).await?;
    if answer.list().is_some_and(|list| list.resources.is_empty()) {
        let draft =
            probe.finding("hides-inactive").observed("the disabled account isn't found by its userName any more");
        let draft = draft.expected("it is found, with \"active\": false");
        draft.remedy("let look-ups find disabled accounts too").at(answer.at).fail();
    } else {
        expect_found(probe, &answer, user, "userName");
    }
    Ok(())
}

async fn enable(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    // Any way to disable it will do.
    let mut is_disabled = false;
    for value in [json!(false), json!("False")] {
        let body = json!({ "schemas": [crate::scim::urn::PATCH_OP], "Operations": [{ "op": "replace", "path": "active", "value": value }] });
        let answer = probe.patch(&user, body).await?;
        if answer.is_success() {
            is_disabled = true;
            break;
        }
    }
    if !is_disabled {
        return Err(Stop::Blocked { by: "users.disable", why: "the account couldn't be disabled".to_owned() });
    }
    switch(probe, &user, probe.dialect(), ChangeOp::Replace, true).await
}

/// Sets `active` as the service does in a dialect, and reads it back.
pub(super) async fn switch(probe: &Probe, user: &Object, dialect: Dialect, op: ChangeOp, on: bool) -> Result<(), Stop> {
    let Some(active) = probe.mapping(USER).active else { return Err(Stop::NotApplicable(NO_ACTIVE.to_owned())) };
    let sent = [(active, op, Value::Bool(on))];
    if shape::write(probe, user, dialect, &sent).await?.is_none() {
        return Ok(());
    }
    let answer = probe.get(user).await?;
    if answer.status == 404 {
        let draft = probe
            .finding("disabled-is-gone")
            .observed("after `active` was set to false, the account can't be read any more: 404");
        draft
            .expected("200 with \"active\": false")
            .remedy("keep disabled accounts: deleting is another request")
            .at(answer.at)
            .fail();
        return Ok(());
    }
    let (read, after) = probe.read(user).await?;
    if after.get("active").is_none() {
        let draft =
            probe.finding("no-active").observed(format!("after `active` was set to {on}, the account has no `active`"));
        draft
            .expected(format!("\"active\": {on}"))
            .remedy("show `active` in every account, disabled ones too")
            .at(read.at)
            .fail();
        return Ok(());
    }
    probe.compare(USER, &sent, None, &after, read.at);
    Ok(())
}
