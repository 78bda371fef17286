//! Packets on macOS: a device of the Berkeley Packet Filter (bpf(4)), which this user must be able to open.
//!
//! pnet_datalink opens it. It gives neither the kernel's times nor its counts: a packet's time is that of its reading, and how many
//! were dropped is not told.
use std::io::{self, ErrorKind};
use std::time::Duration;

use nix::net::if_::if_nametoindex;
use pnet_datalink::{Channel, Config, DataLinkReceiver};

use super::{Counts, LONGEST, Packet, Refused, Wish, interfaces, reading};
use crate::wire::link::LinkType;

const NO_RIGHT: &str = "\
this user may not see what passes the links of this machine: macOS keeps /dev/bpf* for root.
Wireshark's package ChmodBPF gives it to the group access_bpf; or run it once as root:   sudo roundtrip capture ...
Whoever may read /dev/bpf* can then read what passes. Capture traffic of your own, or with the leave of those whose it is.";

/// After so long without a packet it is asked whether all is over.
const MOMENT: Duration = Duration::from_millis(50);

/// A device of the filter.
pub(super) struct Source {
    receiver: Box<dyn DataLinkReceiver>,
    name: String,
    index: u32,
    link: LinkType,
    now_ns: fn() -> u64,
}

impl Source {
    /// Opens one on an interface.
    pub(super) fn open(wish: &Wish) -> Result<Self, Refused> {
        let known = interfaces()?.into_iter().find(|it| it.name == wish.interface);
        let known = known.ok_or_else(|| Refused::Unknown(wish.interface.clone()))?;
        if !known.is_up {
            let name = known.name;
            let text = format!("{name} is down, so nothing passes it: `sudo ifconfig {name} up` switches it on");
            return Err(Refused::Down(text));
        }
        let device = pnet_datalink::interfaces().into_iter().find(|it| it.name == known.name);
        let device = device.ok_or_else(|| Refused::Unknown(wish.interface.clone()))?;
        // Of what has no card (loopback, tunnels) the family before the packet is taken off.
        let link = if known.mac.is_some() { LinkType::Ethernet } else { LinkType::Raw };
        let config = Config {
            promiscuous: wish.promiscuous,
            read_buffer_size: LONGEST as usize,
            read_timeout: Some(MOMENT),
            ..Config::default()
        };
        match pnet_datalink::channel(&device, config) {
            Ok(Channel::Ethernet(_, receiver)) => {
                Ok(Self { receiver, name: known.name, index: known.index, link, now_ns: wish.now_ns })
            }
            Ok(_) => Err(io::Error::from(ErrorKind::Unsupported).into()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Refused::NoRight(NO_RIGHT)),
            Err(error) => Err(error.into()),
        }
    }
}

impl reading::Source for Source {
    fn link(&self) -> LinkType {
        self.link
    }

    fn next(&mut self, _wait: bool) -> io::Result<Option<Packet>> {
        let bytes = match self.receiver.next() {
            // In place of the family stand zeros; no IP packet begins with one.
            Ok(bytes) if self.link == LinkType::Raw => &bytes[bytes.iter().take_while(|it| **it == 0).count()..],
            Ok(bytes) => bytes,
            Err(error) if [ErrorKind::TimedOut, ErrorKind::Interrupted].contains(&error.kind()) => {
                let is_there = if_nametoindex(self.name.as_str()) == Ok(self.index);
                let gone = || io::Error::other(format!("{} is gone", self.name));
                return if is_there { Ok(None) } else { Err(gone()) };
            }
            Err(error) => return Err(error),
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Ok(Some(Packet { at_ns: (self.now_ns)(), direction: None, length, bytes: bytes.to_vec() }))
    }

    fn counts(&self) -> Option<Counts> {
        None
    }
}
