//! A capture on the screen: where it comes from, and the work on all of its packets, which is done on a thread of its own.
pub mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::files::{self, Refused};
use crate::wire::capture::copy::Copy;
use crate::wire::capture::indexer;
use crate::wire::capture::statistics::{
    Conversation, Conversations, Expert, Hierarchy, Interval, Marked, Protocol, Rate,
};
use crate::wire::capture::study::Study;
use crate::wire::capture::talk::{Inside, Silence, Talk};
use crate::wire::filter::Filter;

/// Work on packets tells how far it is after so many.
const LOOKED: usize = 4096;

/// A capture as far as it could be read.
#[derive(Clone)]
pub struct Opened {
    pub study: Arc<Study>,
    /// Why it ends before its end.
    pub fault: Option<String>,
    /// What else the learner should know of it.
    pub notes: Vec<String>,
}

/// Who waits for a capture that is being read.
pub struct Watch<'a> {
    /// Whether more of it is wanted.
    pub wanted: &'a dyn Fn() -> bool,
    /// Told whenever there is more to look at.
    pub grown: &'a mut dyn FnMut(&Arc<Study>),
}

/// How a capture is read; it may take as long as the file is large.
type Read = dyn Fn(&mut Watch<'_>) -> Result<Opened, String> + Send + Sync;

/// Where a capture comes from.
#[derive(Clone)]
pub struct Source {
    /// Its file's name, or whose capture it is.
    pub name: String,
    /// The filter it is opened with.
    pub filter: String,
    /// Whether the newest packet is followed from the start.
    pub follows: bool,
    read: Arc<Read>,
}

impl Source {
    /// A capture that is read when its screen opens.
    pub fn new(
        name: impl Into<String>,
        read: impl Fn(&mut Watch<'_>) -> Result<Opened, String> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), filter: String::new(), follows: false, read: Arc::new(read) }
    }

    /// A capture that is held already, as a file of it would be.
    pub fn of_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::new(name, move |_| {
            let (study, fault) = indexer::index(bytes.clone(), "");
            Ok(Opened { study, fault: fault.map(|it| it.to_string()), notes: Vec::new() })
        })
    }

    /// The same, opened with this filter.
    #[must_use]
    pub fn filtered(self, filter: String) -> Self {
        Self { filter, ..self }
    }

    /// The same, following the newest packet.
    #[must_use]
    pub fn followed(self) -> Self {
        Self { follows: true, ..self }
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.read, &other.read) && self.filter == other.filter
    }
}

impl Eq for Source {}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("filter", &self.filter).finish_non_exhaustive()
    }
}

/// The packets that are listed, in the order of the capture.
#[derive(Clone, Debug)]
pub enum Rows {
    /// All of so many.
    All(usize),
    Some(Arc<Vec<u32>>),
}

impl Rows {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(numbers) => numbers.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The packet of a row.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<u32> {
        match self {
            Self::All(count) => (row < *count).then(|| u32::try_from(row + 1).unwrap_or(u32::MAX)),
            Self::Some(numbers) => numbers.get(row).copied(),
        }
    }

    /// The row of a packet; of one that is not listed, that of the next one, else the last.
    #[must_use]
    pub fn row(&self, number: u32) -> usize {
        let at = match self {
            Self::All(_) => (number as usize).saturating_sub(1),
            Self::Some(numbers) => numbers.partition_point(|it| *it < number),
        };
        at.min(self.len().saturating_sub(1))
    }

    /// Whether a packet is listed.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.number(self.row(number)) == Some(number)
    }

    /// All of them.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).map_while(|row| self.number(row))
    }
}

/// Says which work an outcome is of, and ends it when nobody wants it any more.
#[derive(Clone, Debug, Default)]
pub struct Ticket(Arc<AtomicBool>);

impl Ticket {
    /// Asks the work to end.
    pub fn drop_it(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether both are of the same work.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn is_dropped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Work on a whole capture.
#[derive(Clone)]
pub struct Job {
    pub ticket: Ticket,
    pub work: Work,
}

/// What is to be done.
#[derive(Clone)]
pub enum Work {
    Open(Source),
    /// Finds the packets a filter holds for, from that number on.
    Filter {
        study: Arc<Study>,
        filter: Box<Filter>,
        from: u32,
    },
    /// Finds the next row, or the one before, whose packet stands out, or is one of these.
    Seek {
        study: Arc<Study>,
        rows: Rows,
        from: usize,
        forward: bool,
        noted: BTreeSet<u32>,
    },
    /// Reads what the ends of a connection said: what is wanted of it, else inside TLS where that can be opened.
    Follow {
        study: Arc<Study>,
        stream: usize,
        inside: Option<Inside>,
    },
    /// Opens the connections of these packets.
    Unseal {
        study: Arc<Study>,
        numbers: Vec<u32>,
    },
    /// Counts packets.
    Count {
        study: Arc<Study>,
        rows: Rows,
    },
    /// Writes these packets into a capture.
    Save {
        study: Arc<Study>,
        rows: Rows,
        comments: BTreeMap<u32, String>,
        path: String,
        /// Whether a file of that name may go.
        over: bool,
    },
}

/// What came of it.
#[derive(Clone)]
pub enum Done {
    /// So much of a capture was read; more comes.
    Grown(Arc<Study>),
    Opened(Result<Opened, String>),
    /// So many packets were looked at, of so many; more comes.
    Looked(usize, usize),
    Filtered {
        found: Vec<u32>,
        /// The first packet that was not looked at.
        to: u32,
    },
    /// The packet's number, if there is one.
    Found(Option<u32>),
    Followed(Inside, Result<Talk, Silence>),
    /// What could be opened is open.
    Unsealed,
    Counted(Arc<Counts>),
    /// How many packets are in the file of that name.
    Saved {
        path: String,
        saved: Result<usize, Refused>,
    },
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.work {
            Work::Open(_) => "Open",
            Work::Filter { .. } => "Filter",
            Work::Seek { .. } => "Seek",
            Work::Follow { .. } => "Follow",
            Work::Unseal { .. } => "Unseal",
            Work::Count { .. } => "Count",
            Work::Save { .. } => "Save",
        };
        f.debug_tuple("Job").field(&name).finish()
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened(it) => f.debug_tuple("Opened").field(&it.as_ref().map(|it| it.study.count())).finish(),
            Self::Grown(it) => f.debug_tuple("Grown").field(&it.count()).finish(),
            Self::Looked(done, of) => f.debug_tuple("Looked").field(done).field(of).finish(),
            Self::Filtered { found, .. } => f.debug_tuple("Filtered").field(&found.len()).finish(),
            Self::Found(it) => f.debug_tuple("Found").field(it).finish(),
            Self::Unsealed => f.write_str("Unsealed"),
            Self::Followed(_, it) => f.debug_tuple("Followed").field(&it.as_ref().map(|it| it.said.len())).finish(),
            Self::Counted(it) => f.debug_tuple("Counted").field(&it.conversations.len()).finish(),
            Self::Saved { path, saved } => f.debug_tuple("Saved").field(path).field(saved).finish(),
        }
    }
}

impl Job {
    /// Does it, and tells how far it is and what comes of it; nothing more where it was dropped meanwhile.
    pub fn run(self, tell: &mut dyn FnMut(Done)) {
        let ticket = self.ticket;
        let done = match self.work {
            Work::Open(source) => {
                let wanted = || !ticket.is_dropped();
                let grown = &mut |study: &Arc<Study>| tell(Done::Grown(Arc::clone(study)));
                Some(Done::Opened((source.read)(&mut Watch { wanted: &wanted, grown })))
            }
            Work::Filter { study, filter, from } => {
                let of = study.count().saturating_sub(from as usize - 1);
                filtered(&study, &filter, from, &mut Far { ticket: &ticket, tell, done: 0, of })
            }
            Work::Seek { study, rows, from, forward, noted } => {
                let mut far = Far { ticket: &ticket, tell, done: 0, of: rows.len() };
                seek(&study, &rows, (from, forward), &noted, &mut far).map(Done::Found)
            }
            Work::Unseal { study, numbers } => {
                numbers.into_iter().take_while(|_| !ticket.is_dropped()).for_each(|number| study.open(number));
                Some(Done::Unsealed)
            }
            Work::Follow { study, stream, inside } => Some(followed(&study, stream, inside)),
            Work::Count { study, rows } => {
                let mut far = Far { ticket: &ticket, tell, done: 0, of: rows.len() };
                count(&study, &rows, &mut far).map(|it| Done::Counted(Arc::new(it)))
            }
            Work::Save { study, rows, comments, path, over } => {
                let copy = Copy { study: &study, comments: &comments };
                let saved = files::write_whole(Path::new(&path), over, |put| copy.write(rows.numbers(), put));
                Some(Done::Saved { path, saved })
            }
        };
        done.into_iter().for_each(tell);
    }
}

/// How far work on packets is.
struct Far<'a> {
    ticket: &'a Ticket,
    tell: &'a mut dyn FnMut(Done),
    done: usize,
    of: usize,
}

impl Far<'_> {
    /// One packet more was looked at; nothing where the work is wanted no more.
    fn step(&mut self) -> Option<()> {
        self.done += 1;
        if self.done.is_multiple_of(LOOKED) {
            (self.tell)(Done::Looked(self.done, self.of));
        }
        (!self.ticket.is_dropped()).then_some(())
    }
}

fn filtered(study: &Study, filter: &Filter, from: u32, far: &mut Far<'_>) -> Option<Done> {
    let (mut found, mut to) = (Vec::new(), from);
    for packet in study.by_connection(from).into_iter().filter_map(|number| study.packet(number)) {
        far.step()?;
        to = to.max(packet.number + 1);
        if filter.holds(&packet.seen()) {
            found.push(packet.number);
        }
    }
    found.sort_unstable();
    Some(Done::Filtered { found, to })
}

fn followed(study: &Study, stream: usize, inside: Option<Inside>) -> Done {
    let talk = |inside| (inside, study.follow(stream, inside));
    let (inside, talk) = match (inside, talk(inside.unwrap_or(Inside::Tls))) {
        (None, (_, Err(_))) => talk(Inside::Tcp),
        (_, told) => told,
    };
    Done::Followed(inside, talk)
}

/// The packets counted in every way.
#[derive(Clone, Debug)]
pub struct Counts {
    pub conversations: Vec<Conversation>,
    pub protocols: Vec<Protocol>,
    pub intervals: Vec<Interval>,
    pub marks: Vec<Marked>,
    /// How long each of them is.
    pub every_ns: u64,
}

fn count(study: &Study, rows: &Rows, far: &mut Far<'_>) -> Option<Counts> {
    let (mut conversations, mut protocols) = (Conversations::default(), Hierarchy::default());
    let (mut rate, mut marks) = (Rate::default(), Expert::default());
    for packet in rows.numbers().filter_map(|number| study.packet(number)) {
        far.step()?;
        conversations.take(&packet);
        protocols.take(&packet);
        rate.take(&packet);
        packet.marks().for_each(|mark| marks.take(packet.number, mark));
    }
    // There are never too many where the length is chosen for them.
    let (every_ns, intervals) = rate.finish(None).unwrap_or_default();
    let (conversations, protocols, marks) = (conversations.finish(), protocols.finish(), marks.finish());
    Some(Counts { conversations, protocols, intervals, marks, every_ns })
}

/// Round the list once, from the row after that one. Comments of the file itself are no reason: the lab's captures have one on
/// every packet, and `frame.comment` finds them.
fn seek(
    study: &Study,
    rows: &Rows,
    (from, forward): (usize, bool),
    noted: &BTreeSet<u32>,
    far: &mut Far<'_>,
) -> Option<Option<u32>> {
    let count = rows.len();
    for step in 1..=count {
        far.step()?;
        let row = if forward { from + step } else { from + count - step % count } % count;
        let Some(number) = rows.number(row) else { continue };
        if noted.contains(&number) || study.stands_out(number) {
            return Some(Some(number));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_packets_and_the_nearest_to_one_that_is_not_there() {
        let all = Rows::All(3);
        assert_eq!((all.number(0), all.number(2), all.number(3)), (Some(1), Some(3), None));
        assert_eq!((all.row(2), all.row(0), all.row(9)), (1, 0, 2));
        let some = Rows::Some(Arc::new(vec![2, 5, 9]));
        assert_eq!((some.row(5), some.row(6), some.row(100), some.row(1)), (1, 2, 2, 0));
        assert!(some.has(5) && !some.has(6) && !some.has(100));
        assert_eq!(some.numbers().collect::<Vec<_>>(), [2, 5, 9]);
        assert_eq!(Rows::Some(Arc::default()).row(4), 0);
    }
}
