//! Requests and answers of fixed sizes on one connection: what a small protocol of one's own does with its socket.
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::net::Net;
use crate::recording::Time;

/// What is asked, how often, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub requests: u32,
    /// Bytes of a request's head and body.
    pub head: usize,
    pub body: usize,
    /// Head and body in one write, not in two.
    pub together: bool,
    /// Bytes of an answer.
    pub answer: usize,
}

/// One request as its program saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Its first write.
    pub asked: Time,
    /// Its second write; the first again when there is only one.
    pub body: Time,
    /// The answer was all there.
    pub answered: Time,
}

/// Requests in their order; shared, so that it outlives a program that never ends.
pub type Log = Rc<RefCell<Vec<Round>>>;

/// Asks, waits for the answer, and asks again, as often as wanted; then closes.
///
/// # Errors
/// The socket's.
pub async fn ask<N: Net>(net: &N, stream: &mut N::Stream, plan: Exchange, log: &Log) -> io::Result<()> {
    let request: Vec<u8> = [vec![b'h'; plan.head], vec![b'b'; plan.body]].concat();
    let mut answer = vec![0; plan.answer];
    for _ in 0..plan.requests {
        let asked = net.now();
        let body = if plan.together {
            stream.write_all(&request).await?;
            asked
        } else {
            stream.write_all(&request[..plan.head]).await?;
            let body = net.now();
            stream.write_all(&request[plan.head..]).await?;
            body
        };
        stream.read_exact(&mut answer).await?;
        log.borrow_mut().push(Round { asked, body, answered: net.now() });
    }
    stream.shutdown().await
}

/// Answers each whole request until the client closes.
///
/// # Errors
/// The socket's; `UnexpectedEof` when a request breaks off.
pub async fn answer<N: Net>(stream: &mut N::Stream, plan: Exchange) -> io::Result<()> {
    let mut request = vec![0; plan.head + plan.body];
    let answer = vec![b'a'; plan.answer];
    loop {
        // Nothing at all after an answer is the client's end; a part of a request is not.
        let first = stream.read(&mut request).await?;
        if first == 0 {
            return stream.shutdown().await;
        }
        stream.read_exact(&mut request[first..]).await?;
        stream.write_all(&answer).await?;
    }
}
