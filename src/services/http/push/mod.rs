//! HTTP/2 frame by frame, where a server says 103 Early Hints (RFC 8297) or pushes (RFC 9113 §8.4), and a client hears it.
//!
//! ```text
//! Asker ── ask ──────────> Reply: hint (103), push (PUSH_PROMISE), answer
//!   heard: Hint, Promise <────┘
//! ```
mod client;
mod server;

pub use client::{Asker, Heard, Promise};
pub use server::{Reply, serve};

use std::future::poll_fn;

use h2::{RecvStream, SendStream};
use hyper::body::Bytes;

use super::HttpError;
use super::message::BODY_LIMIT;

/// A body to its end, telling of each piece; what was read is given back to the sender's window (RFC 9113 §5.2).
async fn read(mut body: RecvStream, heard: impl Fn()) -> Result<Bytes, HttpError> {
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        heard();
        body.flow_control().release_capacity(data.len())?;
        if bytes.len() + data.len() > BODY_LIMIT {
            return Err(HttpError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

/// Sends a body as the other end's window allows.
async fn write(mut stream: SendStream<Bytes>, mut body: Bytes) -> Result<(), HttpError> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let granted = poll_fn(|cx| stream.poll_capacity(cx)).await;
        let Some(granted) = granted.transpose()? else { return Ok(()) };
        let part = body.split_to(granted.min(body.len()));
        stream.send_data(part, body.is_empty())?;
    }
    Ok(())
}
