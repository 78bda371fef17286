//! Connections over loopback and threads that do nothing: made to be counted, closed when dropped.
use std::io::{Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Connections with both ends in this process. Idle, unless [`Self::fill`] leaves bytes in their queues.
#[derive(Debug)]
pub struct Connections {
    /// Where they were accepted.
    pub at: SocketAddr,
    ends: Vec<(TcpStream, TcpStream)>,
    /// Why there are fewer than asked for: mostly that the descriptors are used up.
    pub refused: Option<std::io::Error>,
}

impl Connections {
    /// Opens as many as the system gives, at most `count`.
    ///
    /// # Errors
    /// When not even a listener can be had.
    pub fn open(count: usize) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let at = listener.local_addr()?;
        let (mut ends, mut refused) = (Vec::with_capacity(count), None);
        for _ in 0..count {
            match TcpStream::connect(at).and_then(|client| Ok((client, listener.accept()?.0))) {
                Ok(pair) => ends.push(pair),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        Ok(Self { at, ends, refused })
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Writes this much into each, which nobody reads.
    ///
    /// # Errors
    /// The socket's, such as that its buffers take no more.
    pub fn fill(&mut self, bytes: usize) -> Result<()> {
        let data = vec![b'.'; bytes];
        for (client, _) in &mut self.ends {
            client.set_nonblocking(true)?;
            client.write_all(&data)?;
        }
        Ok(())
    }
}

/// Threads that wait.
#[derive(Debug)]
pub struct Threads {
    over: Arc<(Mutex<bool>, Condvar)>,
    handles: Vec<JoinHandle<()>>,
    /// Why there are fewer than asked for.
    pub refused: Option<std::io::Error>,
}

impl Threads {
    /// Starts as many as the system gives, at most `count`, and waits until each has begun.
    #[must_use]
    pub fn start(count: usize) -> Self {
        let over = Arc::<(Mutex<bool>, Condvar)>::default();
        let mut threads = Self { over, handles: Vec::with_capacity(count), refused: None };
        let (begun, all) = std::sync::mpsc::channel();
        for _ in 0..count {
            let (over, begun) = (Arc::clone(&threads.over), begun.clone());
            let wait = move || {
                drop(begun);
                let mut done = over.0.lock().unwrap_or_else(PoisonError::into_inner);
                while !*done {
                    done = over.1.wait(done).unwrap_or_else(PoisonError::into_inner);
                }
            };
            match thread::Builder::new().spawn(wait) {
                Ok(handle) => threads.handles.push(handle),
                Err(error) => {
                    threads.refused = Some(error);
                    break;
                }
            }
        }
        drop(begun);
        // Fails when every thread has let go of its end: then each has begun.
        let _: std::result::Result<(), _> = all.recv();
        threads
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.handles.len()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        *self.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.1.notify_all();
        for handle in self.handles.drain(..) {
            // A thread that only waits does not panic.
            drop(handle.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_threads_are_there_and_go() {
        let mut connections = Connections::open(5).expect("loopback");
        assert_eq!((connections.count(), connections.refused.is_none()), (5, true));
        connections.fill(1000).expect("room for a little");
        assert_eq!(Threads::start(5).count(), 5);
    }
}
