//! TUN and TAP devices, and the loop that lets the lab's clock follow the wall clock while packets cross between the two.
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use roundtrip::lab::{Lab, NodeId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tappers::{Interface, Tap, Tun};

use crate::space::ip;

/// Larger than any packet or frame of a device with an MTU of 1500.
const LARGEST: usize = 2048;
/// `EIO`: the device was taken down.
const DOWN: i32 = 5;
/// Packets read from a device before the others get their turn.
const TURN: usize = 64;

/// A device with these addresses (`10.9.0.2/24`) in this thread's namespace; up.
pub(crate) fn tun(name: &str, addresses: &[String]) -> Device {
    let interface = Interface::new(name).expect("a short name");
    let mut tun = Tun::new_named(interface).expect("the namespace is ours, and /dev/net/tun is there");
    tun.set_nonblocking(true).expect("a TUN can be read without waiting");
    for address in addresses {
        // No duplicate address detection: nobody is behind the device yet.
        let at_once = if address.contains(':') { " nodad" } else { "" };
        ip(&format!("addr add {address}{at_once} dev {name}"));
    }
    ip(&format!("link set {name} up mtu 1500 txqueuelen 5000"));
    Device::Tun(tun)
}

/// The same with Ethernet: the kernel finds its neighbours itself, and asks whether its addresses are taken.
pub(crate) fn tap(name: &str, addresses: &[&str]) -> Device {
    let mut tap = Tap::new_named(Interface::new(name).expect("a short name")).expect("the namespace is ours");
    tap.set_nonblocking(true).expect("a TAP can be read without waiting");
    ip(&format!("link set {name} up mtu 1500 txqueuelen 5000"));
    addresses.iter().for_each(|it| ip(&format!("addr add {it} dev {name}")));
    Device::Tap(tap)
}

/// The kernel's side of a link.
pub(crate) enum Device {
    Tun(Tun),
    Tap(Tap),
}

impl Device {
    fn receive(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tun(tun) => tun.recv(buffer),
            Self::Tap(tap) => tap.recv(buffer),
        }
    }

    fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tun(tun) => tun.send(bytes),
            Self::Tap(tap) => tap.send(bytes),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tun(tun) => tun.as_fd(),
            Self::Tap(tap) => tap.as_fd(),
        }
    }
}

/// What a device and the lab have between them: whose packets go in where.
pub(crate) struct Plug {
    pub(crate) device: Device,
    /// The doors behind the device, by the third byte of the addresses on it: `10.9.THIRD.x`, `2001:db8:9:THIRD::x`.
    pub(crate) doors: Vec<(u8, NodeId)>,
}

impl Plug {
    fn door(&self, packet: &[u8]) -> Option<NodeId> {
        if matches!(self.device, Device::Tap(_)) {
            return self.doors.first().map(|(_, door)| *door);
        }
        let third = match packet.first()? >> 4 {
            4 => *packet.get(18)?,
            // 2001:db8:9:THIRD::/64; what the kernel sends to groups (router solicitations, MLD) has no door.
            6 if packet.get(24..26)? == [0x20, 0x01] => *packet.get(31)?,
            _ => return None,
        };
        self.doors.iter().find(|(it, _)| *it == third).map(|(_, door)| *door)
    }

    /// From the device into the lab.
    fn hand_in(&self, lab: &Lab) {
        let mut buffer = [0; LARGEST];
        for _ in 0..TURN {
            match self.device.receive(&mut buffer) {
                Ok(bytes) => {
                    if let Some(door) = self.door(&buffer[..bytes]) {
                        lab.hand_in(door, buffer[..bytes].to_vec());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(DOWN) => return,
                Err(error) => panic!("reading the device: {error}"),
            }
        }
    }

    /// From the lab into the device.
    fn take_out(&self, lab: &Lab) {
        for (_, door) in &self.doors {
            for arrived in lab.take_out(*door) {
                // A device that was taken down takes nothing: what is sent to it is gone.
                let _ = self.device.send(&arrived.packet);
            }
        }
    }
}

/// How late the lab's clock ran behind the wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lateness {
    pub(crate) worst: Duration,
    total: Duration,
    times: u32,
}

impl Lateness {
    fn note(&mut self, late: Duration) {
        self.worst = self.worst.max(late);
        self.total += late;
        self.times += 1;
    }

    pub(crate) fn mean(&self) -> Duration {
        self.total / self.times.max(1)
    }
}

/// Lets the lab's clock follow the wall clock until `done`.
///
/// # Panics
/// When it is not done within `patience`; `done` is told how much is left, to say what is missing.
pub(crate) fn pace(lab: &mut Lab, plugs: &[Plug], patience: Duration, mut done: impl FnMut() -> bool) -> Lateness {
    let (started, base) = (Instant::now(), lab.now());
    let mut lateness = Lateness::default();
    while !done() {
        let elapsed = started.elapsed();
        assert!(elapsed < patience, "not done after {patience:?} of real time, the lab's clock at {}", lab.now());
        let now = base + elapsed;
        if let Some(due) = lab.next_at().filter(|due| *due < now) {
            lateness.note(now - due);
        }
        lab.advance(now).expect("bounded work at an instant");
        plugs.iter().for_each(|it| it.hand_in(lab));
        lab.advance(now).expect("bounded work at an instant");
        plugs.iter().for_each(|it| it.take_out(lab));
        let next = lab.next_at().map_or(Duration::MAX, |at| at - (base + started.elapsed()));
        wait(plugs, next.min(Duration::from_millis(5)));
    }
    lateness
}

/// Until a device has a packet, or that long.
fn wait(plugs: &[Plug], time: Duration) {
    let mut devices: Vec<_> =
        plugs.iter().map(|it| PollFd::from_borrowed_fd(it.device.as_fd(), PollFlags::IN)).collect();
    let time = Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() };
    match poll(&mut devices, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => panic!("waiting for the device: {error}"),
    }
}
