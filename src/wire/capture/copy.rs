//! Packets of a capture written into another, as pcapng: with their times, interfaces, comments, and what opens them.
use std::collections::BTreeMap;
use std::fmt;

use super::study::{Held, Study};
use crate::wire::pcapng::{self, Record};

/// The file gives a packet's bytes no more: it became shorter since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone(pub u32);

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the capture's file became shorter: it gives packet {} no more", self.0)
    }
}

/// Secrets of more bytes than this go into several blocks, so that readers need not hold them at once.
const MOST_SECRETS: usize = 1 << 20;

/// What a copy is made of.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'a> {
    pub study: &'a Study,
    /// Comments that stand in the place of the file's own, by packet number; an empty one takes it away.
    pub comments: &'a BTreeMap<u32, String>,
}

impl Copy<'_> {
    /// Gives the file piece by piece to `put`: first its head, then these packets in their order. Of secrets it has those that
    /// stood in the capture itself, not those it was opened with.
    ///
    /// # Errors
    /// Those of `put`, and [`Gone`] where the file does not give a packet's bytes any more.
    pub fn write<E: From<Gone>>(
        self,
        numbers: impl IntoIterator<Item = u32>,
        mut put: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        put(&self.head())?;
        let (mut piece, mut at_ns, mut count) = (Vec::new(), 0, 0);
        for (number, held) in numbers.into_iter().filter_map(|number| Some((number, self.study.held(number)?))) {
            if self.study.is_gone(number, &held) {
                return Err(Gone(number).into());
            }
            piece.clear();
            at_ns = held.at_ns.unwrap_or(at_ns);
            self.packet(&mut piece, (number, &held), at_ns);
            put(&piece)?;
            count += 1;
        }
        Ok(count)
    }

    fn head(self) -> Vec<u8> {
        let mut head = Vec::new();
        pcapng::section(&mut head, &self.study.notes());
        self.study.interfaces().iter().for_each(|it| pcapng::describe(&mut head, &it.name, it.link));
        let mut lines = String::new();
        for line in self.study.key_log().split_inclusive('\n') {
            lines.push_str(line);
            if lines.len() > MOST_SECRETS {
                pcapng::deciphering(&mut head, &std::mem::take(&mut lines));
            }
        }
        if !lines.trim().is_empty() {
            pcapng::deciphering(&mut head, &lines);
        }
        head
    }

    /// A block that has a comment or an interface must have a time: that of the packet before stands in for one that is not known.
    fn packet(self, piece: &mut Vec<u8>, (number, held): (u32, &Held), at_ns: u64) {
        let comment = match self.comments.get(&number) {
            Some(text) => Some(text.as_str()).filter(|it| !it.is_empty()),
            None => held.comment.as_deref(),
        };
        let is_whole = held.length as usize == held.bytes.len();
        if held.at_ns.is_none() && held.interface == 0 && comment.is_none() && is_whole {
            return pcapng::simple(piece, &held.bytes);
        }
        let record = Record {
            interface: u32::try_from(held.interface).unwrap_or(u32::MAX),
            at_ns,
            direction: held.direction,
            length: held.length,
            bytes: &held.bytes,
            comment,
        };
        pcapng::enhanced(piece, &record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::capture::Interface;
    use crate::wire::capture::Reader;
    use crate::wire::capture::indexer::{Indexer, index};
    use crate::wire::link::LinkType;
    use crate::wire::pcapng::Direction;

    /// What a capture holds.
    struct Contents {
        interfaces: Vec<Interface>,
        packets: Vec<Held>,
        key_log: String,
        notes: Vec<String>,
    }

    fn read(file: Vec<u8>) -> Contents {
        let (study, fault) = index(file, "");
        assert_eq!(fault, None);
        Contents {
            interfaces: study.interfaces(),
            packets: study.packets().map(|it| it.held).collect(),
            key_log: study.key_log(),
            notes: study.notes(),
        }
    }

    fn sample() -> Contents {
        let held = |interface, at_ns, direction, bytes: &[u8], comment: Option<&str>| Held {
            interface,
            at_ns,
            direction,
            length: 60,
            bytes: bytes.to_vec(),
            comment: comment.map(str::to_owned),
        };
        let interface = |name: &str, link| Interface { name: name.to_owned(), link };
        Contents {
            interfaces: vec![interface("eth0", LinkType::Ethernet), interface("", LinkType::Other(147))],
            packets: vec![
                held(0, Some(1_795_284_000_123_456_789), Some(Direction::In), &[7; 60], Some("first\nof two")),
                held(1, Some(1_795_284_000_123_456_790), None, &[8; 20], None),
                held(0, None, None, &[9; 60], None),
                held(1, Some(1_795_284_000_123_456_790), None, &[9; 60], Some("later")),
            ],
            key_log: "CLIENT_RANDOM 00 01\nCLIENT_RANDOM 02 03\n".to_owned(),
            notes: vec!["made by hand".to_owned()],
        }
    }

    /// The sample as a file.
    fn file() -> Vec<u8> {
        let (sample, mut file) = (sample(), Vec::new());
        pcapng::section(&mut file, &sample.notes);
        sample.interfaces.iter().for_each(|it| pcapng::describe(&mut file, &it.name, it.link));
        pcapng::deciphering(&mut file, &sample.key_log);
        for it in &sample.packets {
            let Some(at_ns) = it.at_ns else {
                pcapng::simple(&mut file, &it.bytes);
                continue;
            };
            let record = Record {
                interface: u32::try_from(it.interface).expect("there are two"),
                at_ns,
                direction: it.direction,
                length: it.length,
                bytes: &it.bytes,
                comment: it.comment.as_deref(),
            };
            pcapng::enhanced(&mut file, &record);
        }
        file
    }

    fn copied(numbers: &[u32], comments: &[(u32, &str)]) -> Contents {
        let (study, _) = index(file(), "CLIENT_RANDOM 04 05");
        let comments = comments.iter().map(|(number, text)| (*number, (*text).to_owned())).collect();
        let mut file = Vec::new();
        let put = |piece: &[u8]| {
            file.extend(piece);
            Ok::<(), Gone>(())
        };
        let count = Copy { study: &study, comments: &comments }.write(numbers.iter().copied(), put);
        assert_eq!(count, Ok(numbers.len()));
        read(file)
    }

    #[test]
    fn a_copy_of_all_packets_has_all_that_the_capture_has_but_given_keys() {
        let expected = sample();
        let copy = copied(&[1, 2, 3, 4], &[]);
        assert_eq!(copy.packets, expected.packets);
        assert_eq!((&copy.interfaces, &copy.notes), (&expected.interfaces, &expected.notes));
        assert_eq!(copy.key_log.trim(), expected.key_log.trim());
    }

    #[test]
    fn what_gets_a_comment_and_has_no_time_gets_the_last_that_is_known() {
        let copy = copied(&[1, 2, 3], &[(3, "no time")]);
        assert_eq!(copy.packets[2].comment.as_deref(), Some("no time"));
        assert_eq!(copy.packets[2].at_ns, sample().packets[1].at_ns);
    }

    #[test]
    fn comments_are_changed_added_and_taken_away_and_packets_left_out() {
        let copy = copied(&[1, 2, 4], &[(1, ""), (2, "the SYN is lost \u{202e}"), (4, "later")]);
        let comments: Vec<_> = copy.packets.iter().map(|it| it.comment.as_deref()).collect();
        assert_eq!(comments, [None, Some("the SYN is lost \u{202e}"), Some("later")]);
        assert_eq!(copy.packets[1].bytes, [8; 20]);
        assert_eq!(copy.packets[1].length, 60, "so long it was on the wire");
    }

    #[test]
    fn a_comment_that_is_too_long_is_cut_between_characters() {
        let long = "é".repeat(40_000);
        let copy = copied(&[1], &[(1, &long)]);
        let comment = copy.packets[0].comment.as_deref().expect("it is there");
        assert!(comment.len() > 65_000 && comment.chars().all(|c| c == 'é'), "{}", comment.len());
    }

    #[test]
    fn of_a_file_that_became_shorter_there_is_no_copy() {
        let whole = file();
        let mut indexer = Indexer::new(whole[..whole.len() - 40].to_vec());
        let mut reader = Reader::default();
        reader.push(&whole);
        reader.end();
        assert_eq!(indexer.take(&mut reader), Ok(()));
        let study = indexer.finish("");
        let comments = BTreeMap::new();
        let copy = Copy { study: &study, comments: &comments };
        let last = u32::try_from(study.count()).expect("a few");
        assert_eq!(copy.write(1..last, |_| Ok::<(), Gone>(())), Ok(study.count() - 1));
        assert_eq!(copy.write(1..=last, |_| Ok::<(), Gone>(())), Err(Gone(last)));
    }
}
