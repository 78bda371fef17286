//! A capture from its first packet to its last: chosen by a filter, shown or written, counted.
use anyhow::Result;

use super::Wish;
use super::looked::Looked;
use super::written::Written;
use crate::cli::packets::aligned::Columns;
use crate::cli::packets::rows::{Asked, SIDES, row, values};
use crate::cli::streams::write;
use crate::net::capture::{Counts, Packet};
use crate::quantity::counted;
use crate::wire::capture::Interface;
use crate::wire::capture::study::Studied;
use crate::wire::link::LinkType;

/// How wide the columns are before anything is in them: number, time, two IPv4 addresses, protocol, length.
const WIDTHS: [usize; 6] = [5, 12, 15, 15, 5, 5];

/// Whether more packets are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    Done,
}

/// A capture that goes on.
pub(super) struct Session<'a> {
    wish: &'a Wish,
    asked: Asked,
    interface: String,
    /// Nothing is looked at where all is only written.
    looked: Option<Looked>,
    written: Option<Written>,
    columns: Columns,
    captured: u64,
    chosen: u64,
}

impl<'a> Session<'a> {
    /// Begins one on an interface with that kind of link.
    pub(super) fn new(wish: &'a Wish, asked: Asked, (name, link): (&str, LinkType)) -> Result<Self> {
        let interface = Interface { name: name.to_owned(), link };
        let written = wish.write.as_ref().map(|path| Written::new(path, &interface)).transpose()?;
        let looks = written.is_none() || wish.filter.is_some();
        let looked = looks.then(|| Looked::begin(&interface, None)).transpose()?;
        let columns = Columns::new(&SIDES, &WIDTHS);
        Ok(Self { wish, asked, interface: interface.name, looked, written, columns, captured: 0, chosen: 0 })
    }

    /// Whether as many packets were chosen as were wanted.
    pub(super) fn is_done(&self) -> bool {
        self.wish.count.is_some_and(|count| self.chosen >= count)
    }

    /// Takes packets: shows or writes those that are wanted.
    pub(super) fn take(&mut self, batch: &[Packet]) -> Result<Goes> {
        match self.looked.take() {
            Some(mut looked) => {
                let first = looked.take(batch)?;
                self.look(&looked, first, batch)?;
                self.looked = Some(looked);
            }
            None => self.keep(batch),
        }
        if let Some(written) = &mut self.written {
            written.flush()?;
        }
        Ok(if self.is_done() { Goes::Done } else { Goes::On })
    }

    /// Writes all, as far as they are wanted.
    fn keep(&mut self, batch: &[Packet]) {
        let Some(written) = &mut self.written else { return };
        let left = self.wish.count.map_or(u64::MAX, |count| count - self.chosen);
        for packet in batch.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
            written.take(packet);
            self.captured += 1;
            self.chosen += 1;
        }
    }

    /// Looks at the packets from that number on.
    fn look(&mut self, looked: &Looked, first: u32, batch: &[Packet]) -> Result<()> {
        let study = looked.study();
        let mut lines = String::new();
        for (number, packet) in (first..).zip(batch) {
            let Some(studied) = study.packet(number) else { continue };
            self.captured += 1;
            if !self.asked.filter.holds(&studied.seen()) {
                continue;
            }
            self.chosen += 1;
            match &mut self.written {
                Some(written) => written.take(packet),
                None => lines += &self.line(&studied)?,
            }
            if self.is_done() {
                break;
            }
        }
        if lines.is_empty() { Ok(()) } else { write(lines.as_bytes()) }
    }

    fn line(&mut self, studied: &Studied<'_>) -> Result<String> {
        Ok(match (self.wish.json, self.asked.columns.as_slice()) {
            (true, columns) => serde_json::to_string(&row(studied, columns))? + "\n",
            (false, []) => self.columns.next(&row(studied, &[]).cells()),
            (false, columns) => values(studied, columns),
        })
    }

    /// Ends it, and says what came of it.
    pub(super) fn end(self, counts: Option<Counts>) -> Result<String> {
        let number = |count: u64| counted(usize::try_from(count).unwrap_or(usize::MAX), "packet");
        let mut said = format!("{} captured on {}", number(self.captured), self.interface);
        if self.wish.filter.is_some() {
            said += &format!(", the filter holds for {}", self.chosen);
        }
        if let Some(written) = self.written {
            said += &format!(", {} in {}", number(self.chosen), written.end(counts)?);
        }
        Ok(said)
    }
}
