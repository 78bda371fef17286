//! A capture that is written while its packets come: the pieces of its file.
use super::{Interface, Packet};
use crate::wire::pcapng::{self, Record};

/// A pcapng file with one interface, which goes on.
#[derive(Debug)]
pub struct Growing {
    last_ns: u64,
}

impl Growing {
    /// Begins the file, into `out`: packets of that interface, cut to so many bytes.
    pub fn begin(out: &mut Vec<u8>, interface: &Interface, most: u32) -> Self {
        pcapng::section(out, &[]);
        pcapng::describe_cut(out, &interface.name, interface.link, most);
        Self { last_ns: 0 }
    }

    /// Adds a packet of that interface; one without a time passed when the last did.
    pub fn take(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>) {
        self.last_ns = packet.at_ns.unwrap_or(self.last_ns);
        let Packet { direction, length, bytes, .. } = *packet;
        let comment = packet.comment.as_deref();
        pcapng::enhanced(out, &Record { interface: 0, at_ns: self.last_ns, direction, length, bytes, comment });
    }

    /// Ends it with how many packets were received, and how many of them dropped.
    pub fn end(self, out: &mut Vec<u8>, received: u64, dropped: u64) {
        pcapng::statistics(out, self.last_ns, (received, dropped));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::capture::{Item, Reader};
    use crate::wire::link::LinkType;
    use crate::wire::pcapng::Direction;

    #[test]
    fn packets_come_back_as_they_were_and_one_without_a_time_with_the_last() {
        let interface = Interface { name: "eth0".to_owned(), link: LinkType::Raw };
        let mut file = Vec::new();
        let mut growing = Growing::begin(&mut file, &interface, 262_144);
        let packet = |at_ns, bytes: &'static [u8], direction| Packet {
            interface: 0,
            at_ns: Some(at_ns),
            direction,
            length: 99,
            bytes,
            offset: 0,
            comment: None,
        };
        let at_ns = 1_795_284_000_123_456_789;
        let mut sent = [
            packet(at_ns, b"one", Some(Direction::In)),
            packet(at_ns, b"two and more", Some(Direction::Out)),
            packet(at_ns + 1, b"", None),
        ];
        growing.take(&mut file, &sent[0]);
        growing.take(&mut file, &Packet { at_ns: None, ..sent[1].clone() });
        growing.take(&mut file, &sent[2]);
        growing.end(&mut file, 7, 4);
        let mut reader = Reader::default();
        reader.push(&file);
        reader.end();
        assert_eq!(reader.next_item(), Ok(Some(Item::Interface(interface))));
        for it in &mut sent {
            let Ok(Some(Item::Packet(read))) = reader.next_item() else { panic!("three packets") };
            it.offset = read.offset;
            assert_eq!(read, *it);
        }
        assert_eq!(reader.next_item(), Ok(None), "the counts are no packet, and the file ends well");
    }
}
