//! Sees to it that a notification gets to somebody, or at least isn't lost.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::message::{NotAnAddress, Parties, message};
use super::outbox::Outbox;
use super::{Notice, Smtp, SmtpError};
use crate::base::{SignedDuration, Timestamp};

/// Messages that waited and are tried at once.
const AT_ONCE: usize = 20;
/// No further one of them is begun later than this: a cycle may be due.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a mail server isn't asked again about what waits, or after it has failed; beside new messages.
const PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// What a mailer is told.
#[derive(Debug, Clone)]
pub struct MailerOptions {
    /// Whom messages are from.
    pub from: String,
    /// Who gets them.
    pub to: String,
    /// The mail server; without one messages stay in the outbox.
    pub smtp: Option<Smtp>,
    /// The outbox's folder; it is made with the first message.
    pub outbox: PathBuf,
}

/// Delivers notifications.
///
/// A message lies in the outbox before it is sent, and leaves it when the mail server has taken it: whatever ends the
/// program or the server once it is there loses none. It may come twice where the server's answer was lost, or where two
/// runs send at once what waits; then it has one `Message-ID`.
#[derive(Debug)]
pub struct Mailer {
    parties: Parties,
    smtp: Option<Arc<Smtp>>,
    outbox: Outbox,
    /// When the mail server was last asked about what waits, or failed.
    asked: Option<Timestamp>,
}

/// A message that is to be delivered. It is in the outbox, if that can be written.
#[derive(Debug)]
pub struct Posted {
    bytes: Arc<[u8]>,
    at: Timestamp,
    kept: io::Result<PathBuf>,
    is_mailed: bool,
}

/// What became of a message.
#[derive(Debug)]
pub enum Delivery {
    /// The mail server has taken it.
    Sent,
    /// It is in the outbox, as it should be.
    Kept(PathBuf),
    /// The mail server hasn't taken it.
    Failed {
        /// Why.
        error: SmtpError,
        /// Where it waits, or why it doesn't.
        kept: io::Result<PathBuf>,
    },
    /// It couldn't be put into the outbox, and there is no mail server.
    Lost(io::Error),
}

impl Mailer {
    /// Checks the addresses; nothing is contacted.
    pub fn new(options: MailerOptions) -> Result<Self, NotAnAddress> {
        let MailerOptions { from, to, smtp, outbox } = options;
        let parties = Parties::read(&from, &to)?;
        Ok(Self { parties, smtp: smtp.map(Arc::new), outbox: Outbox::new(outbox), asked: None })
    }

    /// The mail server for people: host and port.
    pub fn server(&self) -> Option<String> {
        self.smtp.as_deref().map(Smtp::shown)
    }

    /// Writes a notification into the outbox.
    pub async fn post(&self, notice: &Notice) -> Posted {
        let bytes: Arc<[u8]> = message(notice, &self.parties).into();
        let is_mailed = self.smtp.is_some() && !notice.is_simulated;
        let (outbox, notice, written) = (self.outbox.clone(), notice.clone(), Arc::clone(&bytes));
        let at = notice.at;
        let kept = aside(move || outbox.put(&notice, &written, is_mailed)).await;
        Posted { bytes, at, kept, is_mailed }
    }

    /// Sends what is in the outbox now, unless it is to stay there. Takes ten seconds at the most.
    pub async fn deliver(&mut self, posted: Posted) -> Delivery {
        let Posted { bytes, at, kept, is_mailed } = posted;
        let Some(smtp) = self.smtp.clone().filter(|_| is_mailed) else {
            return kept.map_or_else(Delivery::Lost, Delivery::Kept);
        };
        match smtp.send(&self.parties.envelope(), &bytes).await {
            Ok(()) => {
                if let Ok(path) = kept {
                    remove(path).await;
                }
                Delivery::Sent
            }
            Err(error) => {
                self.asked = Some(at);
                Delivery::Failed { error, kept }
            }
        }
    }

    /// Tries messages of a job again that the mail server hasn't taken; says how many it took now. It isn't asked again
    /// sooner than ten minutes later.
    pub async fn deliver_waiting(&mut self, job: &str, now: Timestamp) -> usize {
        let Some(smtp) = self.smtp.clone() else { return 0 };
        if self.asked.is_some_and(|asked| now.duration_since(asked).abs() < PAUSE) {
            return 0;
        }
        self.asked = Some(now);
        let end = Instant::now() + LONGEST;
        let (outbox, job) = (self.outbox.clone(), job.to_owned());
        let mut taken = 0;
        for path in aside(move || outbox.waiting(&job, now)).await.unwrap_or_default().into_iter().take(AT_ONCE) {
            let read = path.clone();
            let Ok(bytes) = aside(move || std::fs::read(read)).await else { continue };
            if let Err(error) = smtp.send(&self.parties.envelope(), &bytes).await {
                tracing::info!(%error, "the mail server doesn't take what waits in the outbox");
                break;
            }
            remove(path).await;
            taken += 1;
            if Instant::now() >= end {
                break;
            }
        }
        taken
    }
}

/// A message that was sent and can't be removed is sent again, which is better than not at all.
async fn remove(path: PathBuf) {
    if let Err(error) = aside(move || std::fs::remove_file(path)).await {
        tracing::warn!(%error, "a message that was sent can't be removed from the outbox");
    }
}

/// Touches files without holding up what else goes on.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
