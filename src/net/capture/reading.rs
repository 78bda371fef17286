//! The thread of a capture: reads packets, hands them over in batches, and ends when it is asked to or its time is up.
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use super::{Counts, Packet, Told};
use crate::wire::link::LinkType;

/// A batch is handed over when it has so many bytes, or when nothing more is there.
const BATCH: usize = 1 << 20;
/// And when it has so many packets: an empty one costs memory, too.
const MOST: usize = 4096;

/// Where packets come from.
pub(super) trait Source: Send + 'static {
    /// What they begin with.
    fn link(&self) -> LinkType;

    /// The next packet; none when there is none, at once or, with `wait`, after a moment of waiting.
    fn next(&mut self, wait: bool) -> io::Result<Option<Packet>>;

    /// What the kernel counted since it began, where it does.
    fn counts(&self) -> Option<Counts>;
}

/// Reads until `stop` says so, the time is up, the source fails, or nobody takes the packets any more.
pub(super) fn read(mut source: impl Source, lasts: Option<Duration>, stop: &AtomicBool, send: &SyncSender<Told>) {
    #[expect(clippy::disallowed_methods, reason = "how long it lasts is counted in this machine's time")]
    let now = Instant::now;
    let until = lasts.and_then(|lasts| now().checked_add(lasts));
    let is_over = || stop.load(Ordering::Relaxed) || until.is_some_and(|until| now() >= until);
    let error = loop {
        if is_over() {
            break None;
        }
        let (batch, error) = batch(&mut source);
        if !batch.is_empty() && send.send(Told::Packets(batch)).is_err() {
            return;
        }
        if error.is_some() {
            break error;
        }
    };
    // Who is gone does not want to know.
    drop(send.send(Told::Ended(source.counts(), error)));
}

/// What is there, up to the size of a batch; the first is waited for.
fn batch(source: &mut impl Source) -> (Vec<Packet>, Option<io::Error>) {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while bytes < BATCH && batch.len() < MOST {
        match source.next(batch.is_empty()) {
            Ok(Some(packet)) => {
                bytes += packet.bytes.len();
                batch.push(packet);
            }
            Ok(None) => break,
            Err(error) => return (batch, Some(error)),
        }
    }
    (batch, None)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::thread;

    use super::*;

    /// So many packets of so many bytes are there at once; then comes a pause, or an error.
    struct Flood {
        left: usize,
        size: usize,
        fails: bool,
        given: u64,
    }

    impl Source for Flood {
        fn link(&self) -> LinkType {
            LinkType::Ethernet
        }

        fn next(&mut self, wait: bool) -> io::Result<Option<Packet>> {
            if self.left == 0 {
                if self.fails {
                    return Err(io::Error::other("the cable is cut"));
                }
                if wait {
                    thread::park_timeout(Duration::from_millis(1));
                }
                return Ok(None);
            }
            self.left -= 1;
            self.given += 1;
            let length = u32::try_from(self.size).expect("small");
            Ok(Some(Packet { at_ns: self.given, direction: None, length, bytes: vec![0; self.size] }))
        }

        fn counts(&self) -> Option<Counts> {
            Some(Counts { received: self.given, dropped: 0 })
        }
    }

    fn flood(left: usize, size: usize, fails: bool) -> Flood {
        Flood { left, size, fails, given: 0 }
    }

    #[test]
    fn all_comes_in_order_in_bounded_batches_and_the_reason_of_the_end_last() {
        let (send, told) = sync_channel(2);
        let reader = thread::spawn(move || read(flood(5000, 1000, true), None, &AtomicBool::new(false), &send));
        let (mut times, mut largest, mut end) = (Vec::new(), 0, None);
        for it in &told {
            match it {
                Told::Packets(batch) => {
                    largest = largest.max(batch.iter().map(|it| it.bytes.len()).sum());
                    times.extend(batch.iter().map(|it| it.at_ns));
                }
                Told::Ended(counts, error) => end = Some((counts, error.map(|it| it.to_string()))),
                Told::Quiet => panic!("nobody sends that"),
            }
        }
        reader.join().expect("it ends");
        assert_eq!(times, (1..=5000).collect::<Vec<_>>());
        assert!((BATCH..BATCH + 1000).contains(&largest), "{largest}");
        let counts = Some(Counts { received: 5000, dropped: 0 });
        assert_eq!(end, Some((counts, Some("the cable is cut".to_owned()))));
    }

    #[test]
    fn who_takes_nothing_makes_it_wait_not_grow_and_who_leaves_ends_it() {
        let (send, told) = sync_channel(2);
        let reader = thread::spawn(move || read(flood(usize::MAX, 1000, false), None, &AtomicBool::new(false), &send));
        let Ok(Told::Packets(first)) = told.recv() else { panic!("packets come first") };
        assert_eq!(first[0].at_ns, 1);
        drop(told);
        reader.join().expect("an endless flood ends with its reader");
    }

    #[test]
    fn it_ends_when_it_is_stopped_and_when_its_time_is_up() {
        let (send, told) = sync_channel(2);
        read(flood(1, 1, false), None, &AtomicBool::new(true), &send);
        assert!(matches!(told.recv(), Ok(Told::Ended(Some(Counts { received: 0, .. }), None))));
        let (send, told) = sync_channel(2);
        read(flood(1, 1, false), Some(Duration::from_millis(5)), &AtomicBool::new(false), &send);
        assert!(matches!(told.recv(), Ok(Told::Packets(batch)) if batch.len() == 1));
        assert!(matches!(told.recv(), Ok(Told::Ended(Some(Counts { received: 1, .. }), None))));
    }
}
