//! The seam on this machine: its own sockets and its own clock, one thread.
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::LocalSet;

use crate::net::{Datagrams, Listener, Net, SocketOptions, Stream, TcpInfo};
use crate::recording::Time;

/// This machine's network.
#[derive(Clone, Copy, Debug)]
pub struct HostNet {
    began: Instant,
}

impl HostNet {
    /// Runs a program with this machine's network until it ends; tasks it has spawned end with it.
    ///
    /// # Errors
    /// When the operating system gives no event queue to wait on.
    pub fn run<T, F: Future<Output = T>>(program: impl FnOnce(Self) -> F) -> io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        #[expect(clippy::disallowed_methods, reason = "this world's time is the machine's")]
        let net = Self { began: Instant::now() };
        Ok(LocalSet::new().block_on(&runtime, program(net)))
    }
}

impl Net for HostNet {
    type Stream = HostStream;
    type Listener = HostListener;
    type Datagrams = HostDatagrams;

    async fn connect_with(&self, to: SocketAddr, _: SocketOptions) -> io::Result<HostStream> {
        HostStream::new(TcpStream::connect(to).await?)
    }

    async fn listen_with(&self, at: SocketAddr, _: SocketOptions) -> io::Result<HostListener> {
        TcpListener::bind(at).await.map(HostListener)
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<HostDatagrams> {
        UdpSocket::bind(at).await.map(HostDatagrams)
    }

    fn now(&self) -> Time {
        Time::ZERO + self.began.elapsed()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        tokio::time::sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        tokio::task::spawn_local(task);
    }
}

/// A TCP connection of this machine, without Nagle's delay, as in the lab.
#[derive(Debug)]
pub struct HostStream(TcpStream);

impl HostStream {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(stream))
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
        Err(ErrorKind::Unsupported.into())
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A listening TCP socket of this machine.
#[derive(Debug)]
pub struct HostListener(TcpListener);

impl Listener for HostListener {
    type Stream = HostStream;

    async fn accept(&self) -> io::Result<(HostStream, SocketAddr)> {
        loop {
            match self.0.accept().await {
                Ok((stream, peer)) => {
                    if let Ok(stream) = HostStream::new(stream) {
                        return Ok((stream, peer));
                    }
                }
                // accept(2): the client was gone before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
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
