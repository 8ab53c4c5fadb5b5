//! `users.filter.*`: accounts by the values that the service looks for.

use serde_json::json;

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::found::{expect_found, text_of};
use crate::check::probe::{Object, Probe, Stop, is_named};
use crate::client::reference_request;
use crate::schema::ObjectKind;

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.filter.match",
        category: Category::Mandatory,
        holds: "a look-up by each matching attribute finds exactly the account that has the value",
        reference: "Microsoft, Develop a SCIM endpoint: get user by query; RFC 7644 section 3.4.2.2",
        effect: "the service doesn't find who is there: it makes a second account, or fails with a conflict in every cycle",
        remedy: "support filter=attribute eq \"value\" for the matching attributes, form-encoded (`+` is a blank), and answer \
                 with a ListResponse of the matches",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(matching(probe)),
    },
    Check {
        id: "users.filter.none",
        category: Category::Mandatory,
        holds: "a look-up that matches nobody is answered with 200 and no result",
        reference: "Microsoft, Develop a SCIM endpoint: an empty result is 200, not 404",
        effect: "the service takes anything but 200 for a failure: nobody new is provisioned",
        remedy: "answer with 200, totalResults 0 and an empty list of Resources",
        needs: &[],
        turn: Turn::Together,
        run: |probe| Box::pin(none(probe)),
    },
    Check {
        id: "users.filter.case",
        category: Category::Mandatory,
        holds: "a look-up finds the account when the userName is written in another letter case",
        reference: "RFC 7643 section 4.1.1: userName isn't case-exact; Microsoft, SCIM Validator",
        effect: "somebody whose name is written differently in the directory isn't found: the service makes a second account \
                 or fails with a conflict",
        remedy: "compare userName without regard to letter case",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(letter_case(probe)),
    },
    Check {
        id: "users.filter.special",
        category: Category::Recommended,
        holds: "values with an apostrophe, plus sign, umlaut, blank, quotation mark or backslash are looked up like others",
        reference: "RFC 7644 section 3.4.2.2; Microsoft, known issues: special characters in the matching attribute",
        effect: "people with such names fail, one by one, while all others work",
        remedy: "decode the query once, read the value as a JSON string (\\\" and \\\\ are escapes), and hand it to the database as a \
                 parameter",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(special(probe)),
    },
    Check {
        id: "users.filter.and",
        category: Category::Recommended,
        holds: "a look-up by id and manager together is answered with 200",
        reference: "Microsoft, Develop a SCIM endpoint: filters use eq and and",
        effect: "older versions of the service ask so before they set a manager; a refusal fails the reference",
        remedy: "support `and` between comparisons; all of them have to hold",
        needs: &[Need::User, Need::Manager, Need::AndFilter],
        turn: Turn::Together,
        run: |probe| Box::pin(and(probe)),
    },
];

async fn matching(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let mapping = probe.mapping(USER);
    for index in &mapping.matching {
        let name = &mapping.attributes[*index].target.name;
        let Some(value) = text_of(&user, *index) else { continue };
        let answer = probe.find(USER, name, &value).await?;
        expect_found(probe, &answer, &user, name);
    }
    let external = mapping.attributes.iter().position(|mapping| mapping.target.name.eq_ignore_ascii_case("externalId"));
    if let Some(index) = external.filter(|index| !mapping.matching.contains(index))
        && let Some(value) = text_of(&user, index)
    {
        // Admins often match by it too, but nobody has to.
        let before = probe.findings.borrow().len();
        let answer = probe.find(USER, "externalId", &value).await?;
        expect_found(probe, &answer, &user, "externalId");
        for finding in &mut probe.findings.borrow_mut()[before..] {
            finding.severity = crate::check::Severity::Warning;
            "matching by externalId, as a second matching attribute, fails".clone_into(&mut finding.effect);
        }
    }
    Ok(())
}

async fn none(probe: &Probe) -> Result<(), Stop> {
    let mapping = probe.mapping(USER);
    for index in &mapping.matching {
        let nobody = format!("{}-nobody-{}@example.com", probe.bench.prefix, probe.bench.guid().simple());
        let answer = probe.find(USER, &mapping.attributes[*index].target.name, &nobody).await?;
        if probe.expect_status(&answer, &[200], "200 with no result") {
            probe.expect_empty_list(&answer, USER);
        }
    }
    Ok(())
}

/// Blocks a check where look-ups don't work at all: another one says so.
pub(in crate::check::family) async fn expect_look_ups(probe: &Probe, user: &Object) -> Result<(), Stop> {
    let answer = probe.find(USER, "userName", &user.name).await?;
    let is_it = |resource: &crate::scim::Resource| resource.id().as_deref() == Some(&user.id);
    match answer.list() {
        Some(list) if answer.status == 200 && list.resources.iter().any(is_it) => Ok(()),
        _ => {
            let why = format!("a look-up by userName doesn't find the account: {}", answer.told());
            Err(Stop::Blocked { by: "users.filter.match", why })
        }
    }
}

async fn letter_case(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    expect_look_ups(probe, &user).await?;
    let answer = probe.find(USER, "userName", &user.name.to_uppercase()).await?;
    if answer.status == 200 && answer.list().is_some_and(|list| list.resources.is_empty()) {
        let draft = probe.finding("case-sensitive-filter").observed(format!(
            "a look-up of `{}` found nobody, though the account `{}` is there",
            user.name.to_uppercase(),
            user.name
        ));
        draft.expected("the account is found, whatever the letter case").at(answer.at).fail();
    } else {
        expect_found(probe, &answer, &user, "userName");
    }
    Ok(())
}

/// What stands for itself in none of the syntaxes that it goes through.
const SPECIAL: [(&str, &str); 6] = [
    ("an apostrophe", "o'brien"),
    ("a plus sign", "ann+test"),
    ("an umlaut", "jörg"),
    ("a blank", "mary ann"),
    ("a quotation mark", "bob\"bee\""),
    ("a backslash", "corp\\carl"),
];

async fn special(probe: &Probe) -> Result<(), Stop> {
    let plain = probe.user().await?;
    expect_look_ups(probe, &plain).await?;
    let is_name = |mapping: &crate::schema::AttributeMapping| mapping.target.name.eq_ignore_ascii_case("userName");
    let user_name = probe.mapping(USER).attributes.iter().position(is_name);
    for (what, text) in SPECIAL {
        let mut values = probe.values(USER, &probe.person(), 0);
        let name = format!("{}-{text}@example.com", probe.bench.prefix);
        if let Some(value) = values.iter_mut().find(|(index, _)| Some(*index) == user_name) {
            value.1 = json!(name);
        }
        let (created, object) = probe.create(USER, &name, probe.body(USER, &values)).await?;
        let answer = probe.find(USER, "userName", &name).await?;
        let cause = format!("special-{}", what.split(' ').next_back().unwrap_or(what));
        let is_there =
            answer.list().is_some_and(|list| list.resources.iter().any(|resource| is_named(USER, resource, &name)));
        if answer.status != 200 {
            let draft = probe
                .finding(cause)
                .observed(format!("a look-up of a userName with {what} was answered with {}", answer.told()));
            draft.expected("200, as for every other value").at(answer.at).fail();
        } else if created.is_success() && !is_there {
            let draft = probe
                .finding(cause)
                .observed(format!("an account was made whose userName has {what}, but a look-up doesn't find it"));
            draft.expected("the account is found").at(answer.at).fail();
        } else if created.status >= 500 {
            let draft = probe
                .finding(cause)
                .observed(format!("creating a user whose userName has {what} was answered with {}", created.told()));
            draft.expected("201, or 400 where such names aren't allowed").at(created.at).fail();
        } else if object.is_none() {
            probe.note(format!("user names with {what} are refused with {}", created.status));
        }
    }
    Ok(())
}

async fn and(probe: &Probe) -> Result<(), Stop> {
    let (user, other) = (probe.user().await?, probe.bench.guid().hyphenated().to_string());
    let answer = probe.send(reference_request(USER.endpoint(), &user.id, "manager", &other)).await?;
    if !probe.expect_status(&answer, &[200], "200 with no result: nobody is the manager") {
        return Ok(());
    }
    let is_there =
        answer.list().is_some_and(|list| list.resources.iter().any(|found| found.id().as_deref() == Some(&user.id)));
    if is_there {
        let draft =
            probe.finding("and-ignored").observed("an account was found by its id and a manager that it doesn't have");
        draft.expected("no result: both comparisons have to hold").at(answer.at).fail();
    }
    Ok(())
}
