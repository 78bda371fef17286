//! HTTP/1.1 (RFC 9112) by hyper, on the seam's streams: one request on a connection of its own, and a small server.
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::TokioIo;

use crate::net::{Listener, Net};
use crate::services::both;

/// More than this of a body is an error, not memory.
const BODY_LIMIT: usize = 16 << 20;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("no connection: {0}")]
    Connect(#[from] io::Error),
    #[error("the request cannot be written: {0}")]
    Request(#[from] hyper::http::Error),
    #[error("no answer: {0}")]
    Exchange(#[from] hyper::Error),
    #[error("no whole body: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

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

/// One page of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub content_type: &'static str,
    pub body: Bytes,
}

/// Connects, sends `GET path`, reads the whole answer and closes the connection.
///
/// # Errors
/// When any of that fails, or the body is larger than 16 MiB.
pub async fn get<N: Net>(net: &N, server: SocketAddr, host: &str, path: &str) -> Result<Answer, HttpError> {
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("roundtrip/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*")
        .body(Empty::<Bytes>::new())?;
    let stream = net.connect(server).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_LIMIT).collect().await.map_err(HttpError::Body)?;
        Ok(Answer { status, body: body.to_bytes() })
        // `sender` goes here, which tells the connection that no further request comes: it closes.
    };
    // What goes wrong with the connection reaches the exchange as its error.
    let (answer, _) = both(exchange, connection).await;
    answer
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
    let page = Rc::new(page);
    loop {
        let (stream, _) = listener.accept().await?;
        let page = Rc::clone(&page);
        let answer = service_fn(move |request: Request<Incoming>| {
            let response = respond(page(request.uri().path()));
            async move { Ok::<_, Infallible>(response) }
        });
        // No Date header: it would bring the wall clock into a run (RFC 9110 §6.6.1 allows a server without a clock).
        let connection =
            server::conn::http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), answer);
        // A client that breaks off is no failure of the server.
        net.spawn(async move { drop(connection.await) });
    }
}

fn respond(page: Option<Page>) -> Response<Full<Bytes>> {
    let (status, page) = match page {
        Some(page) => (StatusCode::OK, page),
        None => (StatusCode::NOT_FOUND, Page { content_type: "text/plain", body: Bytes::from("no such page\n") }),
    };
    let mut response = Response::new(Full::new(page.body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(page.content_type));
    response
}
