//! What `serve` bears.

use std::str::FromStr;
use std::time::Duration;

use crate::cli::args::positive_duration;
use crate::target::Limits;

/// Flags that say what a connection may take, and how long.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Connections at a time; further ones wait
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 1024)]
    pub(crate) max_connections: u32,
    /// How long something may take, repeatable: handshake, head, body, write, idle, drain
    #[arg(long, value_name = "WHAT=DURATION")]
    pub(crate) time_limit: Vec<TimeLimit>,
}

/// One time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimit {
    what: What,
    duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Handshake,
    Head,
    Body,
    Write,
    Idle,
    Drain,
}

impl LimitArgs {
    pub(crate) fn limits(&self) -> Limits {
        let connections = usize::try_from(self.max_connections).unwrap_or(usize::MAX);
        let mut limits = Limits { connections, ..Limits::default() };
        for TimeLimit { what, duration } in &self.time_limit {
            *match what {
                What::Handshake => &mut limits.handshake_timeout,
                What::Head => &mut limits.head_timeout,
                What::Body => &mut limits.body_timeout,
                What::Write => &mut limits.write_timeout,
                What::Idle => &mut limits.idle_timeout,
                What::Drain => &mut limits.drain_timeout,
            } = *duration;
        }
        limits
    }
}

impl FromStr for TimeLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, duration) = text.split_once('=').ok_or("write it as `idle=30s`")?;
        let what = match name {
            "handshake" => What::Handshake,
            "head" => What::Head,
            "body" => What::Body,
            "write" => What::Write,
            "idle" => What::Idle,
            "drain" => What::Drain,
            _ => return Err("the limits are handshake, head, body, write, idle and drain".to_owned()),
        };
        Ok(Self { what, duration: positive_duration(duration)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_and_the_others_stay() {
        let args = LimitArgs {
            max_connections: 7,
            time_limit: vec!["head=2s".parse().unwrap(), "drain=100ms".parse().unwrap()],
        };
        let limits = args.limits();
        assert_eq!((limits.connections, limits.head_timeout), (7, Duration::from_secs(2)));
        assert_eq!(limits.drain_timeout, Duration::from_millis(100));
        assert_eq!(limits.idle_timeout, Limits::default().idle_timeout);
        for wrong in ["head", "haed=2s", "head=0s", "head=soon"] {
            assert!(wrong.parse::<TimeLimit>().is_err(), "{wrong}");
        }
    }
}
