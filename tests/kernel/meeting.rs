//! One kernel socket and one lab host, a link of the lab between them.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use etherparse::{SlicedPacket, TransportSlice};
use roundtrip::lab::{HostOptions, Lab, LabNet, LinkOptions};
use roundtrip::recording::{Recording, Run, Time};

use crate::device::{Plug, pace, tun};

/// The kernel's address, and the lab host's.
pub(crate) const KERNEL: [u8; 4] = [10, 9, 0, 2];
pub(crate) const LAB: [u8; 4] = [10, 9, 0, 1];

/// The lab program's place.
pub(crate) fn lab(port: u16) -> SocketAddr {
    SocketAddr::from((LAB, port))
}

/// The kernel program's place.
pub(crate) fn kernel(port: u16) -> SocketAddr {
    SocketAddr::from((KERNEL, port))
}

/// A lab host and the kernel, before they talk.
pub(crate) struct Meeting {
    lab: Lab,
    pub(crate) net: LabNet,
    plug: Plug,
}

impl Meeting {
    pub(crate) fn new(host: HostOptions, link: LinkOptions) -> Self {
        Self::with(&["10.9.0.1/24"], &["10.9.0.2/24"], host, link)
    }

    /// The same with IPv6 beside IPv4.
    pub(crate) fn of_both_families(host: HostOptions, link: LinkOptions) -> Self {
        Self::with(&["10.9.0.1/24", "2001:db8:9::1/64"], &["10.9.0.2/24", "2001:db8:9::2/64"], host, link)
    }

    fn with(lab_has: &[&str], kernel_has: &[&str], host: HostOptions, link: LinkOptions) -> Self {
        let mut lab = Lab::new(3, &[]);
        let end = lab_has.iter().fold(lab.host("host"), |host, it| host.address(it));
        let end = end.options(host).trace_calls(false).add();
        let door = kernel_has.iter().fold(lab.outside("kernel").at(1, 0), |door, it| door.address(it)).add();
        lab.link(end, door, link);
        lab.introduce_everybody();
        let addresses: Vec<_> = kernel_has.iter().map(|it| (*it).to_owned()).collect();
        let plug = Plug { device: tun("lab0", &addresses), doors: vec![(0, door)] };
        Self { net: lab.net(end), lab, plug }
    }

    /// Runs a kernel program (on a thread of its own) and a lab program until both are done; gives what they found, and
    /// what crossed the link.
    pub(crate) fn run<K: Send + 'static, L: 'static>(
        mut self,
        kernel: impl FnOnce() -> K + Send + 'static,
        lab: impl Future<Output = L> + 'static,
    ) -> (K, L, Crossed) {
        let outcome = Rc::new(RefCell::new(None));
        let result = Rc::clone(&outcome);
        self.net.spawn(async move {
            let value = lab.await;
            *result.borrow_mut() = Some(value);
        });
        // The lab program listens before the kernel's one starts.
        self.lab.advance(Time::ZERO).expect("bounded work at an instant");
        let kernel = thread::spawn(kernel);
        let mut since = None;
        pace(&mut self.lab, &[self.plug], Duration::from_secs(60), || {
            let over = kernel.is_finished() && outcome.borrow().is_some();
            // What is left to say (the last ACK) is said.
            over && since.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(100)
        });
        let found = kernel.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let told = outcome.borrow_mut().take().expect("the lab program is over");
        (found, told, Crossed(self.lab.finish(Run::default())))
    }
}

/// What crossed the link.
pub(crate) struct Crossed(pub(crate) Recording);

/// A TCP segment of the run, with what tests ask about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) at: Time,
    pub(crate) from_kernel: bool,
    pub(crate) arrived: bool,
    pub(crate) payload: usize,
    pub(crate) window: u16,
    pub(crate) ack: bool,
    pub(crate) syn: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
}

impl Crossed {
    /// Every TCP segment, in order.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        let kernel = self.0.node("kernel").expect("the door");
        let segment = |it: &roundtrip::recording::Packet| {
            let sliced = SlicedPacket::from_ethernet(&it.bytes).ok()?;
            let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
            Some(Segment {
                at: it.at,
                from_kernel: it.from == kernel,
                arrived: it.arrived.is_some(),
                payload: tcp.payload().len(),
                window: tcp.window_size(),
                ack: tcp.ack(),
                syn: tcp.syn(),
                fin: tcp.fin(),
                rst: tcp.rst(),
                sequence: tcp.sequence_number(),
                acknowledged: tcp.acknowledgment_number(),
            })
        };
        self.0.packets.iter().filter_map(segment).collect()
    }

    /// The segments of one side.
    pub(crate) fn sent_by(&self, kernel: bool) -> Vec<Segment> {
        self.segments().into_iter().filter(|it| it.from_kernel == kernel).collect()
    }
}
