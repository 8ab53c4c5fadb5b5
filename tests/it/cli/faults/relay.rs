//! One address before endpoints that come and go: a job belongs to its target's.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

/// Passes bytes on as they are, ends of connections included; it listens as long as the test process runs.
pub(super) struct Relay {
    pub(super) port: u16,
    target: Arc<AtomicU16>,
}

impl Relay {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(0));
        let leads_to = Arc::clone(&target);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                // Where nobody is at the other end, this one is closed too.
                if let Ok(far) = TcpStream::connect(("127.0.0.1", leads_to.load(Ordering::SeqCst))) {
                    drop(join(&near, &far));
                }
            }
        });
        Self { port, target }
    }

    /// From now on new connections lead to this port.
    pub(super) fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }
}

fn join(near: &TcpStream, far: &TcpStream) -> io::Result<()> {
    for stream in [near, far] {
        stream.set_nodelay(true)?;
    }
    for (from, to) in [(near, far), (far, near)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        thread::spawn(move || {
            // Whatever ended it: what comes after an end is the end of the other side as well.
            drop(io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Write));
        });
    }
    Ok(())
}
