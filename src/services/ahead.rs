//! A stream that is read ahead to see what it is, and gives back what was read.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// No more is read ahead at once.
const PIECE: usize = 8192;

/// A stream, and what was read of it and not yet given on.
#[derive(Debug)]
pub(in crate::services) struct Ahead<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S> Ahead<S> {
    pub(in crate::services) const fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    /// What was read ahead.
    pub(in crate::services) fn seen(&self) -> &[u8] {
        &self.read
    }

    pub(in crate::services) const fn get_ref(&self) -> &S {
        &self.stream
    }

    pub(in crate::services) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Ahead<S> {
    /// Reads what there is, so many bytes at the most, waiting for some of it; 0 is the end.
    pub(in crate::services) async fn look(&mut self, most: usize) -> io::Result<usize> {
        let mut piece = [0; PIECE];
        let length = self.stream.read(&mut piece[..most.min(PIECE)]).await?;
        self.read.extend(&piece[..length]);
        Ok(length)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read[..length]);
        self.read.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Ahead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
