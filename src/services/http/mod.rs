//! HTTP/1.0, HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113) by hyper, on the seam's streams, cleartext or over TLS.
//!
//! ```text
//! Client ── open ──> Connection ── ask(Request) ──> Exchange: the Response and when its parts came
//! serve(listener, ServerOptions, Handler): the version is what ALPN agreed on, or what the client begins with
//! push: HTTP/2 frame by frame, where a server says 103 or pushes
//! ```
mod client;
mod error;
mod message;
mod page;
pub mod plain;
pub mod push;
mod server;
#[cfg(test)]
mod tests;
mod watched;

use std::rc::Rc;

pub use client::{Client, Connection, Exchange, Opened, Version};
pub use error::HttpError;
pub use hyper::body::Bytes;
pub use hyper::{Method, StatusCode};
pub use message::{BODY_LIMIT, Request, Response};
pub use page::{Page, get, serve};
pub use server::{Handler, Met, ServerOptions, serve_each, serve_with};

use crate::net::Net;

/// Where hyper runs the tasks of an HTTP/2 connection: beside the caller's, in the same world.
#[derive(Clone, Debug)]
pub(crate) struct Tasks<N>(Rc<N>);

impl<N: Net> Tasks<N> {
    pub(crate) fn of(net: &N) -> Self {
        Self(Rc::new(net.clone()))
    }
}

impl<N: Net, F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Tasks<N> {
    fn execute(&self, task: F) {
        self.0.spawn(async move { drop(task.await) });
    }
}
