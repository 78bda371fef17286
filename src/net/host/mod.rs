//! The seam on this machine: its own sockets and its own clock, one thread.
pub mod crowd;
#[cfg(target_os = "linux")]
mod info;
#[cfg(not(target_os = "linux"))]
#[path = "no_info.rs"]
mod info;
mod options;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(not(target_os = "linux"))]
#[path = "no_probe.rs"]
mod probe;
mod route;
pub mod usage;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::task::LocalSet;

use crate::net::{Clock, Datagrams, Listener, Net, SocketOptions, Stream, TcpInfo};
use crate::recording::Time;
pub(crate) use info::Kernel;
pub use route::route;

/// Connections that may wait for `accept` where the program does not say; the system has a limit of its own.
const BACKLOG: i32 = 4096;

/// ENFILE and EMFILE, on Linux, macOS and the BSDs: the system or the process has no descriptor left.
const NO_DESCRIPTOR: [i32; 2] = [23, 24];
/// From one try to the next where there is no descriptor left.
const CROWDED: Duration = Duration::from_millis(50);

/// This machine's network.
#[derive(Clone, Copy, Debug)]
pub struct HostNet {
    began: Instant,
}

impl HostNet {
    /// The same network with its clock at 0 now.
    #[must_use]
    pub fn restarted(self) -> Self {
        #[expect(clippy::disallowed_methods, reason = "this world's time is the machine's")]
        Self { began: Instant::now() }
    }

    /// Runs a program with this machine's network until it ends; tasks it has spawned end with it.
    ///
    /// # Errors
    /// When the operating system gives no event queue to wait on.
    pub fn run<T, F: Future<Output = T>>(program: impl FnOnce(Self) -> F) -> io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        #[expect(clippy::disallowed_methods, reason = "this world's time is the machine's")]
        let net = Self { began: Instant::now() };
        let ended = LocalSet::new().block_on(&runtime, program(net));
        // A name the system's resolver is still looking for is not waited for.
        runtime.shutdown_background();
        Ok(ended)
    }
}

impl Net for HostNet {
    type Stream = HostStream;
    type Listener = HostListener;
    type Datagrams = HostDatagrams;

    async fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> io::Result<HostStream> {
        let socket = options::socket(to, options)?;
        let stream = TcpSocket::from_std_stream(socket.into()).connect(to).await?;
        HostStream::new(stream, options)
    }

    async fn listen_with(&self, at: SocketAddr, options: SocketOptions) -> io::Result<HostListener> {
        let socket = options::socket(at, options)?;
        // A server that was just ended leaves its port in TIME-WAIT; the next may have it (ip(7), SO_REUSEADDR).
        socket.set_reuse_address(true)?;
        socket.bind(&at.into())?;
        socket.listen(options.backlog.map_or(BACKLOG, |it| i32::try_from(it).unwrap_or(i32::MAX)))?;
        Ok(HostListener { socket: TcpListener::from_std(socket.into())?, options })
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<HostDatagrams> {
        UdpSocket::bind(at).await.map(HostDatagrams)
    }

    fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }

    fn clock(&self) -> Clock {
        Clock::Host(self.began)
    }

    async fn sleep(&self, duration: Duration) {
        // A timer of the runtime takes a millisecond at least.
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        tokio::task::spawn_local(task);
    }
}

/// A TCP connection of this machine, without Nagle's delay, as in the lab.
#[derive(Debug)]
pub struct HostStream(TcpStream);

impl HostStream {
    fn new(stream: TcpStream, options: SocketOptions) -> io::Result<Self> {
        stream.set_nodelay(options.nodelay.unwrap_or(true))?;
        Ok(Self(stream))
    }
}

impl AsRawFd for HostStream {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Stream for HostStream {
    fn local(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }

    fn info(&self) -> io::Result<TcpInfo> {
        Kernel::open()?.ask(self.local()?, self.peer()?)
    }

    fn abort(self) {
        // If the option cannot be set, the connection is over already or ends with a FIN: there is nobody to tell.
        let _ = self.0.set_zero_linger();
    }
}

impl AsyncRead for HostStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for HostStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A listening TCP socket of this machine.
#[derive(Debug)]
pub struct HostListener {
    socket: TcpListener,
    /// What its connections inherit.
    options: SocketOptions,
}

impl AsRawFd for HostListener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Listener for HostListener {
    type Stream = HostStream;

    async fn accept(&self) -> io::Result<(HostStream, SocketAddr)> {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    if let Ok(stream) = HostStream::new(stream, self.options) {
                        return Ok((stream, peer));
                    }
                }
                // accept(2): the client was gone before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                // accept(2): EMFILE, ENFILE. The client waits until somebody else has gone.
                Err(error) if error.raw_os_error().is_some_and(|it| NO_DESCRIPTOR.contains(&it)) => {
                    tokio::time::sleep(CROWDED).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// A UDP socket of this machine.
#[derive(Debug)]
pub struct HostDatagrams(UdpSocket);

impl Datagrams for HostDatagrams {
    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.0.send_to(bytes, to).await.map(|_| ())
    }

    fn receive(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        self.0.recv_from(buffer)
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
