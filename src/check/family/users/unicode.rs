//! `users.unicode`: names in all scripts.

use serde_json::Value;

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{Edit, body, held};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::schema::{ObjectKind, ObjectMapping, TargetAttribute};
use crate::scim::{AttributeType, ChangeOp};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "users.unicode",
    category: Category::Recommended,
    holds: "names in any script, with combining characters, emoji and right-to-left text come back as they were sent",
    reference: "RFC 8259 section 8.1: JSON is UTF-8; RFC 7643 section 2.3.1",
    effect: "people with such names fail, or their names are spoilt and sent again in every initial cycle",
    remedy: "read and store texts as Unicode all the way: UTF-8 in HTTP, utf8mb4 or the like in the database, no conversion between",
    needs: &[Need::User],
    turn: Turn::Together,
    run: |probe| Box::pin(unicode(probe)),
}];

/// A name that every endpoint takes.
const PLAIN: &str = "Ann Example";
/// What it is called, and the text.
const SAMPLES: [(&str, &str); 9] = [
    ("Latin letters with marks", "Zoë Ångström-Łukasz"),
    ("Greek", "Ελένη Παπαδοπούλου"),
    ("Cyrillic", "Дарья Щербакова"),
    ("Arabic, from right to left", "محمد عبد الله"),
    ("Hebrew, from right to left", "נועה לוי"),
    ("Chinese and Japanese", "王小明 さくら"),
    ("Devanagari", "प्रिया शर्मा"),
    ("a letter with a combining mark", COMBINED),
    ("emoji", "Ann 🙂👩‍💻"),
];
/// An `e` with a combining acute accent, and what it becomes where texts are normalised.
const COMBINED: &str = "Rene\u{301}e";
const COMPOSED: &str = "Ren\u{e9}e";

async fn unicode(probe: &Probe) -> Result<(), Stop> {
    let mapping = probe.mapping(USER);
    let Some(index) = name_of(mapping) else {
        return Err(Stop::NotApplicable("the mapping has no attribute that takes any text".to_owned()));
    };
    let target = &mapping.attributes[index].target;
    let user = probe.user().await?;
    match written(probe, &user, target, PLAIN).await? {
        Outcome::Kept => {}
        // Then it isn't a matter of scripts.
        Outcome::Refused(answer) => return Err(blocked(target, &format!("it was answered with {}", answer.told()))),
        Outcome::Spoilt { .. } => return Err(blocked(target, "it was read back as another one")),
    }
    let (mut refused, mut spoilt) = (Vec::new(), Vec::new());
    for (what, text) in SAMPLES {
        match written(probe, &user, target, text).await? {
            Outcome::Kept => {}
            Outcome::Refused(answer) => refused.push((what, answer)),
            Outcome::Spoilt { found, .. } if text == COMBINED && found.as_deref() == Some(COMPOSED) => {
                let text = "a letter with a combining mark comes back as one letter";
                probe.note(format!("`{}` is normalised: {text}", target.name));
            }
            Outcome::Spoilt { found, at } => spoilt.push((what, text, found, at)),
        }
    }
    let name = &target.name;
    if let Some((_, answer)) = refused.first() {
        let all: Vec<_> = refused.iter().map(|(what, _)| *what).collect();
        let observed = format!("`{name}` was refused in {}, with {}", all.join(", "), answer.told());
        let draft = probe.finding("unicode-refused").observed(observed);
        draft.expected("200 or 204, and the text is stored").at(answer.at).fail();
    }
    if let Some((_, text, found, at)) = spoilt.first() {
        let all: Vec<_> = spoilt.iter().map(|(what, ..)| *what).collect();
        let found = found.as_ref().map_or_else(|| "nothing".to_owned(), |found| format!("\"{found}\""));
        let observed =
            format!("`{name}` doesn't keep {}: \"{text}\" was sent, {found} is there afterwards", all.join(", "));
        probe.finding("unicode-spoilt").observed(observed).expected("the text as it was sent").at(*at).fail();
    }
    Ok(())
}

/// What became of a text.
enum Outcome {
    Kept,
    Refused(Answer),
    Spoilt { found: Option<String>, at: usize },
}

async fn written(probe: &Probe, user: &Object, target: &TargetAttribute, text: &str) -> Result<Outcome, Stop> {
    let value = Value::from(text);
    let answer = probe.patch(user, body(probe, &[Edit { target, op: ChangeOp::Replace, value: &value }])).await?;
    if !answer.is_success() {
        return Ok(Outcome::Refused(answer));
    }
    let (read, after) = probe.read(user).await?;
    match held(target, &after).and_then(Value::as_str) {
        Some(found) if found == text => Ok(Outcome::Kept),
        found => Ok(Outcome::Spoilt { found: found.map(str::to_owned), at: read.at }),
    }
}

fn blocked(target: &TargetAttribute, why: &str) -> Stop {
    let why = format!("`{}` doesn't even take a name in plain letters: {why}", target.name);
    Stop::Blocked { by: "users.patch.replace", why }
}

/// The mapped attribute that takes any text best.
fn name_of(mapping: &ObjectMapping) -> Option<usize> {
    let all = ["displayName", "name.formatted", "name.familyName", "name.givenName", "nickName", "title"];
    all.iter().find_map(|name| {
        mapping.attributes.iter().enumerate().position(|(index, attribute)| {
            let target = &attribute.target;
            target.name.eq_ignore_ascii_case(name)
                && target.kind == AttributeType::String
                && !mapping.matching.contains(&index)
        })
    })
}
