//! Tells an admin by mail what needs attention: over SMTP, or as files in an outbox.

mod mailer;
mod message;
mod notice;
mod outbox;
mod smtp;
#[cfg(test)]
mod tests;
mod words;

pub use mailer::{Delivery, Mailer, MailerOptions, Posted};
pub use message::NotAnAddress;
pub use notice::{Happened, Notice};
pub use smtp::{Login, Smtp, SmtpError, SmtpTls};
