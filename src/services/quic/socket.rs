//! A UDP socket of the seam as QUIC's library wants one: two queues, which tasks of the network's world fill and empty.
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};

use crate::net::{Datagrams, Net};

/// Datagrams that may wait in a queue. More that come in are lost, as in a kernel's buffer; more that go out wait.
const MOST: usize = 1024;
/// A socket that fails so often in a row is given up.
const FAILURES: usize = 16;
/// The largest datagram there is.
const LARGEST: usize = 65_535;

/// The library's side.
#[derive(Debug)]
pub(super) struct Socket {
    queues: Shared,
    local: SocketAddr,
}

type Shared = Arc<Mutex<Queues>>;
type Datagram = (Vec<u8>, SocketAddr);

#[derive(Debug, Default)]
struct Queues {
    incoming: VecDeque<Datagram>,
    outgoing: VecDeque<Datagram>,
    reader: Option<Waker>,
    /// Who waits for room in `outgoing`.
    writers: Vec<Waker>,
    sender: Option<Waker>,
    receiver: Option<Waker>,
    /// The library has let it go.
    closed: bool,
    failed: Option<ErrorKind>,
}

fn lock(queues: &Shared) -> MutexGuard<'_, Queues> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Socket {
    /// Opens a socket at an address of the network's host; port 0 chooses one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(super) async fn open<N: Net>(net: &N, at: SocketAddr) -> io::Result<Arc<Self>> {
        let datagrams = Rc::new(net.bind(at).await?);
        let (local, queues) = (datagrams.local()?, Shared::default());
        net.spawn(receive(Rc::clone(&datagrams), Arc::clone(&queues)));
        net.spawn(send(datagrams, Arc::clone(&queues)));
        Ok(Arc::new(Self { queues, local }))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut queues = lock(&self.queues);
        queues.closed = true;
        wake(&mut queues.sender);
        wake(&mut queues.receiver);
    }
}

/// Everything that comes in goes into the queue, until the library lets the socket go.
async fn receive<D: Datagrams>(datagrams: Rc<D>, queues: Shared) {
    let (mut buffer, mut failures) = (vec![0; LARGEST], 0);
    while failures < FAILURES {
        let Some(outcome) = unless_closed(&queues, datagrams.receive(&mut buffer)).await else { return };
        let mut queues = lock(&queues);
        match outcome {
            Ok((length, from)) if queues.incoming.len() < MOST => {
                queues.incoming.push_back((buffer[..length].to_vec(), from));
                failures = 0;
            }
            Ok(_) => failures = 0,
            // Anybody can make an ICMP message: a connection ends by its own timers.
            Err(error) => {
                failures += 1;
                queues.failed = (failures == FAILURES).then(|| error.kind());
            }
        }
        wake(&mut queues.reader);
    }
}

/// What comes of a future, unless the library lets the socket go before.
async fn unless_closed<T>(queues: &Shared, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let mut held = lock(queues);
        if held.closed {
            return Poll::Ready(None);
        }
        held.receiver = Some(cx.waker().clone());
        drop(held);
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Sends what is in the queue; the last of it after the library let the socket go.
async fn send<D: Datagrams>(datagrams: Rc<D>, queues: Shared) {
    while let Some((bytes, to)) = poll_fn(|cx| lock(&queues).next(cx)).await {
        // What cannot be sent is lost, as it may be anywhere on the way: QUIC finds out.
        drop(datagrams.send_to(&bytes, to).await);
    }
}

impl Queues {
    fn next(&mut self, cx: &Context<'_>) -> Poll<Option<Datagram>> {
        let datagram = self.outgoing.pop_front();
        if datagram.is_none() && !self.closed {
            self.sender = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.writers.drain(..).for_each(Waker::wake);
        Poll::Ready(datagram)
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Room(Arc::clone(&self.queues)))
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut queues = lock(&self.queues);
        if queues.outgoing.len() >= MOST {
            return Err(ErrorKind::WouldBlock.into());
        }
        queues.outgoing.push_back((transmit.contents.to_vec(), transmit.destination));
        wake(&mut queues.sender);
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut queues = lock(&self.queues);
        let mut count = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Some((bytes, from)) = queues.incoming.pop_front() else { break };
            let length = bytes.len().min(buffer.len());
            buffer[..length].copy_from_slice(&bytes[..length]);
            *meta = RecvMeta::default();
            (meta.addr, meta.len, meta.stride) = (from, length, length);
            count += 1;
        }
        if count > 0 {
            return Poll::Ready(Ok(count));
        }
        if let Some(kind) = queues.failed {
            return Poll::Ready(Err(kind.into()));
        }
        queues.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    /// RFC 9000 §14: datagrams are not fragmented. (The lab's hosts set DF; so does the kernel unless it is told otherwise.)
    fn may_fragment(&self) -> bool {
        false
    }
}

/// Waits for room in the queue that goes out.
#[derive(Debug)]
struct Room(Shared);

impl UdpPoller for Room {
    fn poll_writable(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut queues = lock(&self.0);
        if queues.outgoing.len() < MOST {
            return Poll::Ready(Ok(()));
        }
        queues.writers.push(cx.waker().clone());
        Poll::Pending
    }
}
