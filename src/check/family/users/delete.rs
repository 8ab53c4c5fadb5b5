//! `users.delete` and `users.recreate`: accounts that go for good.

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::probe::{Probe, Stop};
use crate::client::delete_request;
use crate::schema::ObjectKind;

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.delete",
        category: Category::Recommended,
        holds: "DELETE is answered with 204, and afterwards the account is neither read nor found",
        reference: "RFC 7644 section 3.6; Microsoft, gallery validation: Delete_User (optional)",
        effect: "accounts of people who were deleted from the directory stay for ever, and fill the log with errors",
        remedy: "support DELETE /Users/{id}: 204, then 404 for its id; or take Delete out of the mapping's target object actions",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(delete(probe)),
    },
    Check {
        id: "users.recreate",
        category: Category::Recommended,
        holds: "after an account was deleted, one with the same userName can be made",
        reference: "Microsoft, gallery validation: Delete_User and Create_User of the same person",
        effect: "people who come back after they were deleted can't be provisioned: a conflict in every cycle",
        remedy: "give the userName free when the account is deleted, or restore the old account",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(recreate(probe)),
    },
];

async fn delete(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let answer = probe.delete(&user).await?;
    probe.expect_success(&answer, "204 without a body")?;
    if answer.status != 204 {
        let draft = probe.finding("delete-status").observed(format!("DELETE was answered with {}", answer.status));
        draft.expected("204 without a body").effect("the service takes it for a success").at(answer.at).warn();
    }
    let read = probe.get(&user).await?;
    if !matches!(read.status, 404 | 410) {
        let draft = probe.refused(&read, "404").observed(format!("after DELETE, GET is answered with {}", read.told()));
        draft.fail();
    }
    let found = probe.find(USER, "userName", &user.name).await?;
    if found.list().is_some_and(|list| list.resources.iter().any(|resource| resource.id().as_deref() == Some(&user.id)))
    {
        let draft =
            probe.finding("deleted-is-found").observed("after DELETE, a look-up by userName still finds the account");
        draft.expected("no result").at(found.at).fail();
    }
    let again = probe.delete(&user).await?;
    let unknown = probe.bench.unknown_id();
    let nobody = probe.send(delete_request(USER.endpoint(), &unknown)).await?;
    for (answer, what) in [(again, "a second DELETE of the same account"), (nobody, "DELETE of an id that nobody has")]
    {
        if !matches!(answer.status, 404 | 410) {
            let draft = probe.refused(&answer, "404").observed(format!("{what} was answered with {}", answer.told()));
            draft.effect("the service takes 404 for done; a 5xx is tried again").fail();
        }
    }
    Ok(())
}

async fn recreate(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let gone = probe.delete(&user).await?;
    if !gone.is_success() {
        let why = format!("DELETE was answered with {}", gone.told());
        return Err(Stop::Blocked { by: "users.delete", why });
    }
    let (answer, second) = probe.create(USER, &user.name, probe.body(USER, &user.values)).await?;
    probe.expect_success(&answer, "201 with a new account")?;
    if let Some(second) = second {
        let read = probe.get(&second).await?;
        if read.status != 200 {
            probe.refused(&read, "200 with the new account").fail();
        }
    }
    Ok(())
}
