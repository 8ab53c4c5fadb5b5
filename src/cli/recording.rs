//! `--record`: writes what goes over the wire to files, while it goes on.
//!
//! Exchanges go through a bounded queue to a thread that masks them and appends them to the files. Where the disk is
//! slower than the target, requests wait for it: nothing is left out, and memory stays small. Without the flag nobody
//! is shown anything, and nothing of this is there.

mod files;
mod queue;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::Job;
use super::printer::Printer;
use crate::base::Diagnostic;
use crate::clock::Clock;
use crate::report::{Recording, RecordingOf, RecordingTexts, Side, count};
use crate::scim::{KnownSecrets, Masking, Observer};
use files::{Files, WriteError};
use queue::Queue;

/// An archive that has grown so long is followed by another one: programs read them whole.
const PART: u64 = 64 * 1024 * 1024;
/// Texts are written when they have grown so long, or when nothing else waits.
const BATCH: usize = 1024 * 1024;

/// The flag of the commands that talk to a target, or are one.
#[derive(Debug, Default, Clone, clap::Args)]
pub(crate) struct RecordArgs {
    /// Write each exchange to files in this folder: an HTTP Archive (HAR), a transcript for REST clients in editors,
    /// and a script that sends the requests again. Tokens are masked
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
}

impl RecordArgs {
    /// Begins to record what a job sends, if that is wanted: from now on the job's clients are observed.
    pub(crate) fn record_job(
        &self,
        job: &mut Job,
        command: &'static str,
        clock: &Clock,
        context: &Context,
    ) -> Result<Recorder, Error> {
        let (side, tenant_url) = (Side::Client, job.tenant_url());
        let recorder = self.record(
            RecordingOf { command, side, tenant_url, started: clock.now() },
            KnownSecrets::default(),
            context,
        )?;
        job.observer = recorder.observer();
        Ok(recorder)
    }

    /// Begins a recording, if one is wanted. Nothing may have been sent yet: what can't be written is found here.
    pub(crate) fn record(&self, of: RecordingOf, secrets: KnownSecrets, context: &Context) -> Result<Recorder, Error> {
        let Some(folder) = &self.record else { return Ok(Recorder(None)) };
        let stem = format!("{}-{:.0}", of.command, of.started).replace(':', "-");
        let mut recording = Recording::new(of);
        let files = Files::create(folder, &stem, &recording.begin_part()).map_err(|error| {
            let diagnostic = Diagnostic::error(format!("can't record to {}: {error}", folder.display()));
            Error::new(Exit::Usage, diagnostic.with_hint("name a folder that can be written to, on a disk with room"))
        })?;
        context.printer.detail(format_args!("recording to {}", files.first().display()));
        let queue = Arc::new(Queue::default());
        let printer = Arc::clone(&context.printer);
        let (waiting, masking) = (Arc::clone(&queue), Masking::new(secrets));
        let writer = Writer { queue: waiting, recording, masking, files, written: 0, part: PART };
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || writer.run(&printer))
            .context("the thread that records can't start")?;
        Ok(Recorder(Some(Running { queue, thread: Some(thread) })))
    }
}

/// A recording, if one was wanted. It ends with the value at the latest, when everything shown so far is written.
#[must_use]
pub(crate) struct Recorder(Option<Running>);

struct Running {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<bool>>,
}

impl Recorder {
    /// Whom to show exchanges to.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.0.as_ref().map(|running| Arc::<Queue>::clone(&running.queue) as Arc<dyn Observer>)
    }

    /// Ends the recording. A command that did its work ends with 1 if the recording isn't whole; it was said why.
    pub(crate) fn end(mut self, exit: Exit) -> Exit {
        let is_whole = self.0.as_mut().is_none_or(Running::end);
        match exit {
            Exit::Done | Exit::Changes if !is_whole => Exit::Unexpected,
            exit => exit,
        }
    }
}

impl Running {
    fn end(&mut self) -> bool {
        self.queue.close();
        self.thread.take().is_none_or(|thread| thread.join().unwrap_or(false))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread that writes.
struct Writer {
    queue: Arc<Queue>,
    recording: Recording,
    masking: Masking,
    files: Files,
    /// Exchanges that stand in the files.
    written: u64,
    /// How long an archive grows.
    part: u64,
}

impl Writer {
    /// Writes until the queue is closed; says whether everything was written.
    fn run(mut self, printer: &Printer) -> bool {
        // Whoever waits for room in the queue waits no longer than for this thread.
        let _closes = Closes(Arc::clone(&self.queue));
        let outcome = self.write_all();
        let exchanges = count(self.written, "exchange");
        match &outcome {
            Ok(()) => printer.talk(format_args!("Recorded {exchanges}: {}", self.files.shown())),
            Err(error) => {
                let text = format!("the recording ends after {exchanges}: {error}");
                let hint = "what was recorded until then is whole; make room and record again";
                printer.diagnostic(&Diagnostic::error(text).with_hint(hint));
            }
        }
        outcome.is_ok()
    }

    fn write_all(&mut self) -> Result<(), WriteError> {
        let mut texts = RecordingTexts::default();
        while let Some(batch) = self.queue.take() {
            for exchange in batch {
                self.recording.add(&self.masking.masked(&exchange), &mut texts);
                drop(exchange);
                if texts.len() >= BATCH {
                    self.write(&mut texts)?;
                }
            }
            self.write(&mut texts)?;
        }
        self.files.sync()
    }

    fn write(&mut self, texts: &mut RecordingTexts) -> Result<(), WriteError> {
        self.files.append(texts)?;
        self.written = self.recording.count();
        *texts = RecordingTexts::default();
        if self.files.archive_length() >= self.part {
            self.files.next_part(&self.recording.begin_part())?;
        }
        Ok(())
    }
}

struct Closes(Arc<Queue>);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
