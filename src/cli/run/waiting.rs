//! What goes on between two cycles: nothing, until the next one is due or a signal ends it.

use std::ops::ControlFlow;
use std::time::Duration;

use super::cycles::Schedule;
use super::{Monitor, Notifications};
use crate::base::Timestamp;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::job::Job;
use crate::cli::runtime::Interrupt;
use crate::clock::Clock;
use crate::plan::quarantine::is_due;
use crate::store::{JobState, Store};

/// How often a waiting run looks whether its next cycle is due earlier.
const LOOK: Duration = Duration::from_secs(2);

/// What a run waits with.
pub(super) struct Waiting<'a> {
    pub(super) job: &'a Job,
    pub(super) clock: &'a Clock,
    pub(super) schedule: &'a Schedule,
    pub(super) interrupt: &'a Interrupt,
    pub(super) monitor: Option<&'a Monitor>,
    pub(super) context: &'a Context,
}

impl Waiting<'_> {
    /// Lets a job that is in quarantine already wait for its attempt, where cycles have an interval: whether it did, or
    /// how a signal ended it. An attempt later than `--until` isn't waited for, and the cycle is refused.
    pub(super) async fn first(
        &self,
        store: &Store,
        notifications: &mut Notifications<'_>,
    ) -> Result<ControlFlow<Exit, bool>, Error> {
        let Self { job, schedule, .. } = self;
        let target = job.settings.target.tenant.to_string();
        // Binding the state to another target ends the quarantine.
        if store.binding()?.is_none_or(|known| known.target != target) {
            return Ok(ControlFlow::Continue(false));
        }
        let begun = self.clock.now();
        let state = store.job_state()?;
        let due = next_cycle(job, schedule, &state, begun, begun);
        if due <= begun || schedule.until.is_some_and(|until| due > until) {
            return Ok(ControlFlow::Continue(false));
        }
        if let JobState::Quarantine { reason, message, since, .. } = &state {
            let printer = &self.context.printer;
            printer.talk(format_args!("The job is in quarantine since {since:.0}: {reason}: {message}."));
        }
        self.until_due(store, &state, begun, due, notifications).await;
        Ok(self.interrupt.exit().map_or(ControlFlow::Continue(true), ControlFlow::Break))
    }

    /// Waits until the next cycle is due, or until a signal. In real time somebody may lift a quarantine meanwhile, or
    /// change something else of the job, which whoever watches is told; and the mail server may take what waits for it.
    pub(super) async fn until_due(
        &self,
        store: &Store,
        state: &JobState,
        regular: Timestamp,
        due: Timestamp,
        notifications: &mut Notifications<'_>,
    ) {
        let Self { job, clock, schedule, .. } = self;
        if due > clock.now() && !schedule.simulated {
            self.context.printer.talk(format_args!("The next cycle begins at {due:.0}."));
        }
        let mut due = due;
        let tell = |state: &JobState, due| self.monitor.iter().for_each(|monitor| monitor.wait(state, due));
        tell(state, due);
        let mut stamp = store.stamp().ok();
        loop {
            notifications.deliver_waiting(clock.now(), self.interrupt).await;
            let soon = clock.now().checked_add(LOOK).unwrap_or(Timestamp::MAX);
            let until = if schedule.simulated { due } else { due.min(soon) };
            tokio::select! {
                () = clock.sleep_until(until) => {}
                () = self.interrupt.token().cancelled_owned() => return,
            }
            if until == due {
                return;
            }
            let Ok(state) = store.job_state() else { continue };
            due = next_cycle(job, schedule, &state, regular, clock.now());
            let before = std::mem::replace(&mut stamp, store.stamp().ok());
            if let Some(monitor) = self.monitor.filter(|_| stamp != before) {
                monitor.read(store, clock.now());
            }
            tell(&state, due);
        }
    }
}

/// When the next cycle begins: at its regular time, in quarantine not before that of the attempt. Without an interval
/// it begins at once, or is refused.
pub(super) fn next_cycle(
    job: &Job,
    schedule: &Schedule,
    state: &JobState,
    regular: Timestamp,
    now: Timestamp,
) -> Timestamp {
    match state {
        JobState::Quarantine { next_attempt, .. }
            if !schedule.interval.is_zero() && !is_due(*next_attempt, job.policy.quarantine.longest, now) =>
        {
            regular.max(*next_attempt)
        }
        _ => regular,
    }
}
