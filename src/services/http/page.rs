//! One page fetched on a connection of its own, and a small server of pages (HTTP/1.1, RFC 9112).
use std::future::ready;
use std::io;
use std::net::SocketAddr;

use hyper::StatusCode;
use hyper::body::Bytes;

use super::client::{Client, Version};
use super::error::HttpError;
use super::message::{Request, Response};
use super::server::{ServerOptions, serve_with};
use crate::net::Net;

/// One page of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub content_type: &'static str,
    pub body: Bytes,
}

/// Connects, sends `GET path`, reads the whole answer and closes the connection.
///
/// # Errors
/// As [`Client::open`] and [`super::Connection::ask`].
pub async fn get<N: Net>(net: &N, server: SocketAddr, host: &str, path: &str) -> Result<Response, HttpError> {
    let mut connection = Client::new(Version::Http11, server, host).open(net).await?;
    Ok(connection.ask(Request::get(path)).await?.response)
}

/// Serves `page` of each path until the listening socket fails; a path without one is answered 404.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net>(
    net: N,
    listener: N::Listener,
    page: impl Fn(&str) -> Option<Page> + 'static,
) -> io::Result<()> {
    let answer = move |request: Request| {
        let page = page(request.path.split('?').next().unwrap_or_default());
        ready(match page {
            Some(Page { content_type, body }) => Response::ok(content_type, body),
            None => Response { status: StatusCode::NOT_FOUND, ..Response::ok("text/plain", "no such page\n") },
        })
    };
    serve_with(net, listener, ServerOptions { prior_knowledge: false, ..ServerOptions::default() }, answer).await
}
