//! Closing what was refused, so that the refusal arrives.
//!
//! A socket that is closed with unread bytes sends RST, at which the other end may throw away what it has not read yet: the
//! alert, or the status (RFC 1122 §4.2.2.13; RFC 9112 §9.6). So this direction is closed first, and the other is read until it
//! ends, or has had its time.
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::wait::{Crowd, within};
use crate::net::Net;

/// What a refused client still sends is read up to so many bytes, and for so long.
const MOST: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(2);
/// Refused clients of a server that are heard out at the same time; of more the connection is closed at once.
const MOST_CLIENTS: usize = 64;

/// The refused clients of a server that are heard out. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Partings(Crowd);

impl Partings {
    /// Closes what was refused.
    pub(super) fn close<S>(&self, net: &impl Net, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        if self.0.size() >= MOST_CLIENTS {
            return;
        }
        let (own, member) = (net.clone(), self.0.join());
        net.spawn(async move {
            drop(within(&own, PATIENCE, hear_out(&mut stream)).await);
            drop(member);
        });
    }
}

async fn hear_out(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    stream.shutdown().await?;
    let (mut left, mut buffer) = (MOST, vec![0; 4096]);
    while left > 0 {
        match stream.read(&mut buffer).await? {
            0 => break,
            length => left = left.saturating_sub(length),
        }
    }
    Ok(())
}
