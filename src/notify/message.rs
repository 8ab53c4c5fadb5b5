//! A notification as a message: headers, a plain part, an HTML part.

use std::fmt::Write as _;
use std::time::SystemTime;

use lettre::address::Envelope;
use lettre::message::header::{Date, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, address::AddressError};
use minijinja::{Environment, context};
use uuid::Uuid;

use super::Notice;
use super::words::{Step, Words};
use crate::base::Timestamp;

/// Columns of the plain part, as mail has had them since it was read on terminals.
const WIDTH: usize = 76;

const FOOTER: &str = "Each reason is told once. Who is told, and whether, is set in [notification] of scimulate.toml.";

/// Says that an address can't be used in a message.
#[derive(Debug, thiserror::Error)]
#[error("`{key}`: {address} isn't an e-mail address")]
pub struct NotAnAddress {
    key: &'static str,
    address: String,
    #[source]
    source: AddressError,
}

impl NotAnAddress {
    /// The key of `[notification]` that says it: `from` or `email`.
    pub fn key(&self) -> &'static str {
        self.key
    }
}

/// From whom to whom.
#[derive(Debug, Clone)]
pub(super) struct Parties {
    pub(super) from: Address,
    pub(super) to: Address,
}

impl Parties {
    pub(super) fn read(from: &str, to: &str) -> Result<Self, NotAnAddress> {
        let read =
            |key, text: &str| text.parse().map_err(|source| NotAnAddress { key, address: text.to_owned(), source });
        Ok(Self { from: read("from", from)?, to: read("email", to)? })
    }

    /// What the mail server is told.
    pub(super) fn envelope(&self) -> Envelope {
        Envelope::new(Some(self.from.clone()), vec![self.to.clone()]).expect("there is somebody to send it to")
    }
}

/// The bytes of a message. The same notice always gives the same.
///
/// What the job, the target and its answers are called is put in by `lettre`, which encodes it, after all that could
/// end a line was taken out: nobody can add a header.
pub(super) fn message(notice: &Notice, parties: &Parties) -> Vec<u8> {
    let words = Words::of(notice);
    let (id, subject, plain) = (id(notice), words.title.clone(), plain(&words));
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("=_{}", id.simple()))
        .singlepart(SinglePart::plain(plain))
        .singlepart(SinglePart::html(html(words)));
    let mailbox = |name: Option<&str>, address: &Address| Mailbox::new(name.map(str::to_owned), address.clone());
    Message::builder()
        .header(Date::new(SystemTime::from(whole_second(notice.at))))
        .from(mailbox(Some("scimulate"), &parties.from))
        .to(mailbox(None, &parties.to))
        .subject(subject)
        .header(MessageId::from(format!("<{id}@{}>", parties.from.domain())))
        // No machine answers it (RFC 3834, and Exchange's own).
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"))
        .multipart(parts)
        .expect("it is from somebody to somebody")
        .formatted()
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// What a message is known by: sent once more, it is recognised.
fn id(notice: &Notice) -> Uuid {
    let cycle = notice.cycle.as_ref().map_or("", |cycle| cycle.as_str());
    let name = format!("{}\n{cycle}\n{}\n{}", notice.job_id.as_str(), notice.reason, notice.at);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

/// Dates of mail have no parts of seconds.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn plain(words: &Words) -> String {
    let mut text = format!("{}\n\nWhat happened\n", words.title);
    wrap(&mut text, "  ", "  ", &words.happened);
    wrap(&mut text, "  > ", "  > ", &words.cause);
    text.push_str("\nWhat it means\n");
    wrap(&mut text, "  ", "  ", &words.meaning);
    text.push_str("\nWhat to do\n");
    for (number, step) in words.steps.iter().enumerate() {
        wrap(&mut text, &format!("  {}. ", number + 1), "     ", &step.text);
        if let Some(command) = &step.command {
            text.extend(["       ", command, "\n"]);
        }
    }
    if let Some(place) = words.place {
        wrap(&mut text, "  ", "  ", place);
    }
    text.push('\n');
    for (name, value) in &words.facts {
        writeln!(text, "{name:<13} {value}").expect("a text takes whatever is written");
    }
    text.push_str("\n-- \n");
    wrap(&mut text, "", "", FOOTER);
    text
}

/// Adds a text, broken between words; what is too long for a line has one of its own.
fn wrap(text: &mut String, first: &str, others: &str, added: &str) {
    let (mut lead, mut width) = (first, 0);
    for word in added.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            text.push('\n');
            (lead, width) = (others, 0);
        }
        if width == 0 {
            text.push_str(lead);
            width = lead.len();
        } else {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

fn html(words: Words) -> String {
    let Words { title, happened, cause, meaning, steps, place, facts } = words;
    let steps = steps.into_iter().map(|Step { text, command }| context! { text, command });
    let facts = facts.into_iter().map(|(name, value)| context! { name, value });
    let (steps, facts): (Vec<_>, Vec<_>) = (steps.collect(), facts.collect());
    // By its name the template escapes what is put into it.
    Environment::new()
        .render_named_str(
            "notification.html",
            include_str!("notification.html"),
            context! { title, happened, cause, meaning, steps, place, facts, footer => FOOTER },
        )
        .expect("the template knows what it is given")
}
