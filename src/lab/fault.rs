//! A faulty switch: what bad memory or a bad queue does to one frame. The Ethernet check sequence is put on anew at every
//! port, so a frame that was damaged between two ports looks sound to the next link.
use crate::lab::frame::ETHERNET;
use crate::lab::ip;
use crate::lab::output::{Output, Why};
use crate::lab::sniff;

/// What happens to the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One bit of a program's bytes is turned round.
    OneBit,
    /// Two neighbouring 16-bit words of a program's bytes change places.
    SwappedWords,
    /// The frame goes out twice.
    Twice,
    /// The frame goes out after the next one to the same port.
    Overtaken,
}

/// The fault at work in one switch.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    /// Which frame with a program's bytes it strikes, counted from 1.
    nth: u32,
    seen: u32,
    held: Option<(usize, Vec<u8>, Option<Why>)>,
}

/// Where the two words lie in the program's bytes; aligned as the checksum counts them.
const WORDS: usize = 4;

impl Faulty {
    pub(crate) const fn new(fault: Fault, nth: u32) -> Self {
        Self { fault, nth, seen: 0, held: None }
    }

    /// Sends a frame on, as well as this switch can.
    pub(crate) fn send(&mut self, port: usize, frame: Vec<u8>, why: Option<Why>, out: &mut Output) {
        let strikes = sniff::carries_data(&frame) && {
            self.seen += 1;
            self.seen == self.nth
        };
        if strikes {
            return self.strike(port, frame, why, out);
        }
        out.send(port, frame, why);
        if let Some((port, frame, _)) = self.held.take_if(|(held, ..)| *held == port) {
            out.send(
                port,
                frame,
                Some("the switch is faulty: this frame was held back behind the next one".to_owned().into()),
            );
        }
    }

    fn strike(&mut self, port: usize, mut frame: Vec<u8>, why: Option<Why>, out: &mut Output) {
        let data = data_start(&frame);
        match self.fault {
            Fault::OneBit => {
                if let Some(byte) = data.and_then(|at| frame.get_mut(at + WORDS + 1)) {
                    *byte ^= 0b10;
                }
                let text = "the switch is faulty: it turned one bit of the program's bytes";
                out.decide(text.to_owned());
                out.send(port, frame, Some(text.to_owned().into()));
            }
            Fault::SwappedWords => {
                if let Some(words) = data.and_then(|at| frame.get_mut(at + WORDS..at + WORDS + 4)) {
                    words.rotate_left(2);
                }
                let text = "the switch is faulty: it swapped two words of the program's bytes";
                out.decide(text.to_owned());
                out.send(port, frame, Some(text.to_owned().into()));
            }
            Fault::Twice => {
                out.send(port, frame.clone(), why);
                out.send(
                    port,
                    frame,
                    Some("the switch is faulty: it sends this frame a second time".to_owned().into()),
                );
            }
            Fault::Overtaken => self.held = Some((port, frame, why)),
        }
    }
}

/// Where a program's bytes begin in a frame that carries TCP: at a multiple of four in the segment.
fn data_start(frame: &[u8]) -> Option<usize> {
    let packet = ip::read_beginning(frame.get(ETHERNET..)?)?;
    let tcp = usize::from(packet.payload.get(12)? >> 4) * 4;
    Some(ETHERNET + packet.bytes.len() - packet.payload.len() + tcp)
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let builder = builder.tcp(1, 2, 3, 4).ack(5);
        let mut bytes = Vec::new();
        builder.write(&mut bytes, payload).expect("a vector takes every byte");
        bytes
    }

    fn sent(fault: Fault, nth: u32) -> Vec<String> {
        let (mut faulty, mut out) = (Faulty::new(fault, nth), Output::default());
        for payload in [b"PAY 0100", b"", b"PAY 0200", b"PAY 0300"] as [&[u8]; 4] {
            faulty.send(0, frame(payload), None, &mut out);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes[54..].to_vec()).expect("ASCII");
        out.frames.iter().map(|it| text(&it.frame)).collect()
    }

    #[test]
    fn each_fault_strikes_one_frame_with_data() {
        assert_eq!(sent(Fault::OneBit, 1), ["PAY 0300", "", "PAY 0200", "PAY 0300"]);
        assert_eq!(sent(Fault::SwappedWords, 2), ["PAY 0100", "", "PAY 0002", "PAY 0300"]);
        assert_eq!(sent(Fault::Twice, 2), ["PAY 0100", "", "PAY 0200", "PAY 0200", "PAY 0300"]);
        assert_eq!(sent(Fault::Overtaken, 2), ["PAY 0100", "", "PAY 0300", "PAY 0200"]);
        assert_eq!(sent(Fault::Overtaken, 9), ["PAY 0100", "", "PAY 0200", "PAY 0300"]);
    }

    #[test]
    fn a_held_frame_waits_for_the_next_one_of_its_own_direction() {
        let (mut faulty, mut out) = (Faulty::new(Fault::Overtaken, 1), Output::default());
        for (port, payload) in [(0, b"PAY 0100" as &[u8]), (1, b""), (0, b"PAY 0200")] {
            faulty.send(port, frame(payload), None, &mut out);
        }
        let ports: Vec<_> = out.frames.iter().map(|it| it.interface).collect();
        assert_eq!(ports, [1, 0, 0]);
        assert_eq!(&out.frames[2].frame[54..], b"PAY 0100");
    }

    #[test]
    fn a_frame_too_short_to_damage_passes_as_it_is() {
        let (mut faulty, mut out) = (Faulty::new(Fault::SwappedWords, 1), Output::default());
        faulty.send(0, frame(b"hi"), None, &mut out);
        assert_eq!(&out.frames[0].frame[54..], b"hi");
    }
}
