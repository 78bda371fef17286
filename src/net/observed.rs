//! A network that remembers when bytes left its sockets and when they came: read where they cross, before any library has made
//! sense of them.
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Datagrams, Listener, Net, SocketOptions, Stream, TcpInfo};
use crate::recording::Time;

/// Instants that are kept of each direction; of more, the last.
const MOST: usize = 65_536;

/// A network, and what is seen at its sockets. Clones see the same.
#[derive(Clone)]
pub struct Observed<N> {
    net: N,
    seen: Rc<Seen>,
}

/// When bytes went out and came in, over all sockets of one [`Observed`].
#[derive(Debug, Default)]
pub struct Seen {
    sent: RefCell<Vec<Time>>,
    came: RefCell<Vec<Time>>,
    /// When a connection was open last.
    opened: Cell<Option<Time>>,
}

impl Seen {
    /// The first instant from `at` on at which bytes went out.
    #[must_use]
    pub fn sent_from(&self, at: Time) -> Option<Time> {
        let sent = self.sent.borrow();
        sent.get(sent.partition_point(|it| *it < at)).copied()
    }

    /// Between two instants: from the first bytes that went out to the last that came in, as far as there were any.
    #[must_use]
    pub fn exchange(&self, from: Time, to: Time) -> (Time, Time) {
        let out = self.sent_from(from).filter(|it| *it <= to).unwrap_or(from);
        (out, self.came_until(to).filter(|it| *it >= out).unwrap_or(to))
    }

    /// The last instant so far at which the other end was heard: bytes came in, or a connection was opened.
    #[must_use]
    pub fn last_heard(&self) -> Option<Time> {
        self.came.borrow().last().copied().max(self.opened.get())
    }

    /// The last instant until `at` at which bytes came in.
    #[must_use]
    pub fn came_until(&self, at: Time) -> Option<Time> {
        let came = self.came.borrow();
        came.partition_point(|it| *it <= at).checked_sub(1).map(|last| came[last])
    }
}

/// Instants come in their order.
fn note(instants: &RefCell<Vec<Time>>, at: Time) {
    let mut instants = instants.borrow_mut();
    if instants.len() == MOST {
        instants.pop();
    }
    instants.push(at);
}

impl<N: Net> Observed<N> {
    #[must_use]
    pub fn new(net: &N) -> Self {
        Self { net: net.clone(), seen: Rc::default() }
    }

    /// What was seen so far, and will be.
    #[must_use]
    pub fn seen(&self) -> Rc<Seen> {
        Rc::clone(&self.seen)
    }

    fn stream(&self, inner: N::Stream) -> ObservedStream<N> {
        ObservedStream { inner, of: self.clone() }
    }

    /// Bytes go out with a call that began at `began`, if it took any.
    fn sent<T>(&self, began: Time, polled: &Poll<io::Result<T>>, any: impl Fn(&T) -> bool) {
        if matches!(polled, Poll::Ready(Ok(it)) if any(it)) {
            note(&self.seen.sent, began);
        }
    }
}

impl<N: Net> Net for Observed<N> {
    type Stream = ObservedStream<N>;
    type Listener = ObservedListener<N>;
    type Datagrams = ObservedDatagrams<N>;

    async fn connect_with(&self, to: SocketAddr, options: SocketOptions) -> io::Result<Self::Stream> {
        let inner = self.net.connect_with(to, options).await?;
        self.seen.opened.set(Some(self.net.now()));
        Ok(self.stream(inner))
    }

    async fn listen_with(&self, at: SocketAddr, options: SocketOptions) -> io::Result<Self::Listener> {
        let inner = self.net.listen_with(at, options).await?;
        Ok(ObservedListener { inner, of: self.clone() })
    }

    async fn bind(&self, at: SocketAddr) -> io::Result<Self::Datagrams> {
        let inner = self.net.bind(at).await?;
        Ok(ObservedDatagrams { inner, of: self.clone() })
    }

    same_world!(net);

    fn note(&self, text: String) {
        self.net.note(text);
    }
}

/// A TCP connection whose bytes are dated.
pub struct ObservedStream<N: Net> {
    inner: N::Stream,
    of: Observed<N>,
}

impl<N: Net> Stream for ObservedStream<N> {
    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.inner.peer()
    }

    fn info(&self) -> io::Result<TcpInfo> {
        self.inner.info()
    }

    fn abort(self) {
        self.inner.abort();
    }
}

impl<N: Net> AsyncRead for ObservedStream<N> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            note(&self.of.seen.came, self.of.net.now());
        }
        polled
    }
}

impl<N: Net> AsyncWrite for ObservedStream<N> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let began = self.of.net.now();
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.of.sent(began, &polled, |bytes| *bytes > 0);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let began = self.of.net.now();
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, buffers);
        self.of.sent(began, &polled, |bytes| *bytes > 0);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<N: Net> Unpin for ObservedStream<N> {}

/// A listening socket whose connections' bytes are dated.
pub struct ObservedListener<N: Net> {
    inner: N::Listener,
    of: Observed<N>,
}

impl<N: Net> Listener for ObservedListener<N> {
    type Stream = ObservedStream<N>;

    async fn accept(&self) -> io::Result<(Self::Stream, SocketAddr)> {
        let (stream, from) = self.inner.accept().await?;
        Ok((self.of.stream(stream), from))
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }
}

/// A UDP socket whose datagrams are dated.
pub struct ObservedDatagrams<N: Net> {
    inner: N::Datagrams,
    of: Observed<N>,
}

impl<N: Net> Datagrams for ObservedDatagrams<N> {
    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        let began = self.of.net.now();
        let sent = self.inner.send_to(bytes, to).await;
        self.of.sent(began, &Poll::Ready(sent.as_ref().map_err(|it| it.kind().into())), |()| true);
        sent
    }

    async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.inner.receive(buffer).await;
        if received.is_ok() {
            note(&self.of.seen.came, self.of.net.now());
        }
        received
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::lab::{Lab, LinkOptions};

    #[test]
    fn bytes_are_dated_where_they_cross_and_not_where_a_program_reads_on() {
        let mut lab = Lab::new(1, &[]);
        let client = lab.host("client").address("10.0.0.1/24").add();
        let server = lab.host("server").at(1, 0).address("10.0.0.2/24").add();
        lab.link(client, server, LinkOptions::default().delay(Duration::from_millis(10)));
        lab.introduce_everybody();
        let (client, server) = (Observed::new(&lab.net(client)), lab.net(server));
        let ms = |it: Option<Time>| it.map(|it| it.0 / 1_000_000);
        lab.run(async {
            let at = SocketAddr::from(([10, 0, 0, 2], 7));
            let listener = server.listen(at).await.expect("ports are free");
            server.spawn(async move {
                let (mut stream, _) = listener.accept().await.expect("the client comes");
                stream.read_exact(&mut [0; 4]).await.expect("the word");
                stream.write_all(b"back").await.expect("the client waits");
            });
            let mut stream = client.connect(at).await.expect("it listens");
            assert_eq!(ms(client.seen().last_heard()), Some(20), "a connection that opens is heard");
            client.sleep(Duration::from_millis(5)).await;
            stream.write_all(b"word").await.expect("it is open");
            stream.read_exact(&mut [0; 4]).await.expect("an answer");
            client.sleep(Duration::from_millis(30)).await;
            let (seen, now) = (client.seen(), client.now());
            assert_eq!((ms(seen.sent_from(Time::ZERO)), ms(seen.came_until(now))), (Some(25), Some(45)));
            assert_eq!((seen.sent_from(now), seen.came_until(Time::ZERO)), (None, None));
            let (out, back) = seen.exchange(Time::ZERO, now);
            assert_eq!((ms(Some(out)), ms(Some(back))), (Some(25), Some(45)));
            assert_eq!(ms(seen.last_heard()), Some(45));
        })
        .expect("it ends");
    }

    #[test]
    fn whoever_sends_for_ever_fills_no_memory() {
        let instants = RefCell::default();
        (0..200_000).for_each(|at| note(&instants, Time(at)));
        let seen = Seen { came: instants, ..Seen::default() };
        assert_eq!((seen.came.borrow().len(), seen.came_until(Time(300_000))), (MOST, Some(Time(199_999))));
    }
}
