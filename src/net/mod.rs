//! The seam: what a program may ask of a network. The lab answers in virtual time, the host with its own sockets.
//!
//! Services and demos are written against [`Net`] once and run in both worlds. Nothing has to be `Send`: a world is one
//! thread. Streams are tokio's byte streams, so that hyper, rustls and their kin run on them unchanged.
/// Time and tasks of a [`Net`] over another one, which is in this field.
macro_rules! same_world {
    ($inner:ident) => {
        fn now(&self) -> $crate::recording::Time {
            self.$inner.now()
        }

        fn clock(&self) -> $crate::net::Clock {
            self.$inner.clock()
        }

        fn sleep(&self, duration: std::time::Duration) -> impl Future<Output = ()> {
            self.$inner.sleep(duration)
        }

        fn spawn(&self, task: impl Future<Output = ()> + 'static) {
            self.$inner.spawn(task);
        }
    };
}

pub mod capture;
mod clock;
pub mod host;
mod lab;
pub mod live;
mod observed;
mod probes;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::lab::tcp::{Congestion, KeepAlive, SocketOptions, State, TcpInfo};
use crate::recording::Time;
pub use clock::Clock;
pub use observed::{Observed, Seen};
pub use probes::{Answer, Probe, ProbeKind, Probes, Said};

/// A host's network, as its programs see it. Cheap to clone.
pub trait Net: Clone + 'static {
    type Stream: Stream;
    type Listener: Listener<Stream = Self::Stream>;
    type Datagrams: Datagrams;

    /// Opens a TCP connection with the host's own options.
    ///
    /// # Errors
    /// As [`Self::connect_with`].
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> {
        self.connect_with(to, SocketOptions::default())
    }

    /// Opens a TCP connection.
    ///
    /// # Errors
    /// `ConnectionRefused` when a RST answers the SYN, `TimedOut`, `HostUnreachable`, ...: as a host's `connect(2)`;
    /// `Unsupported` for an option the system does not have.
    fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> impl Future<Output = io::Result<Self::Stream>>;

    /// Waits for TCP connections at an address of this host; port 0 chooses one.
    ///
    /// # Errors
    /// As [`Self::listen_with`].
    fn listen(&self, at: SocketAddr) -> impl Future<Output = io::Result<Self::Listener>> {
        self.listen_with(at, SocketOptions::default())
    }

    /// Waits for TCP connections, which inherit the options; port 0 chooses one.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `Unsupported` for an option the system does not have.
    fn listen_with(&self, at: SocketAddr, options: SocketOptions) -> impl Future<Output = io::Result<Self::Listener>>;

    /// Opens a UDP socket at an address of this host; port 0 chooses one.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`.
    fn bind(&self, at: SocketAddr) -> impl Future<Output = io::Result<Self::Datagrams>>;

    /// The time since the world began.
    fn now(&self) -> Time;

    /// The same clock for libraries: it may be read from any thread.
    fn clock(&self) -> Clock;

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// Runs a task beside the caller's; it ends with the world at the latest.
    fn spawn(&self, task: impl Future<Output = ()> + 'static);

    /// A remark of the program about its work, where a recording is kept.
    fn note(&self, _text: String) {}
}

/// A host whose programs give it its address, as DHCP's do. The lab's hosts are such.
pub trait Configure: Net {
    /// The MAC address of its interface.
    fn mac(&self) -> [u8; 6];

    /// Its first address.
    fn address(&self) -> Option<IpAddr>;

    /// Gives it an address; with `check`, once it is known that no other has it: [`Self::may_use`] tells.
    fn add_address(&self, address: IpAddr, prefix: u8, check: bool);

    /// Takes an address away.
    fn remove_address(&self, address: IpAddr);

    /// Whether an address of its own may be used: `None` while it is not known.
    fn may_use(&self, address: IpAddr) -> Option<bool>;

    /// Sets the router that gets what goes to other networks; `None` takes IPv4's away.
    fn set_gateway(&self, router: Option<IpAddr>);

    /// A state machine of the program goes from one state to another, where a recording is kept.
    fn state(&self, machine: &str, from: &str, to: &str);

    /// How many there are of something, where a recording is kept.
    fn level(&self, what: &'static str, count: usize);
}

/// A TCP connection. Dropping it closes it in order (FIN) once what was written is sent.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// # Errors
    /// When the socket is no longer connected.
    fn local(&self) -> io::Result<SocketAddr>;

    /// # Errors
    /// When the socket is no longer connected.
    fn peer(&self) -> io::Result<SocketAddr>;

    /// What the system knows about the connection.
    ///
    /// # Errors
    /// `Unsupported` where it does not say; `NotConnected` when the connection is over.
    fn info(&self) -> io::Result<TcpInfo>;

    /// Ends the connection with a RST: what is unsent is thrown away (`SO_LINGER` 0 and close).
    fn abort(self);
}

/// A listening TCP socket.
pub trait Listener: 'static {
    type Stream: Stream;

    /// # Errors
    /// When the listening socket failed; one client's failure is not an error.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>>;

    /// # Errors
    /// When the socket is closed.
    fn local(&self) -> io::Result<SocketAddr>;
}

/// A UDP socket.
pub trait Datagrams: 'static {
    /// # Errors
    /// `WouldBlock` never; `InvalidInput` for a payload larger than UDP carries.
    fn send_to(&self, bytes: &[u8], to: SocketAddr) -> impl Future<Output = io::Result<()>>;

    /// The next datagram's length and sender; what exceeds `buffer` is cut off.
    ///
    /// # Errors
    /// As the host reports them, such as `ConnectionRefused` after an ICMP port unreachable.
    fn receive(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>>;

    /// # Errors
    /// When the socket is closed.
    fn local(&self) -> io::Result<SocketAddr>;
}
