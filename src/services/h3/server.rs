//! The server's side: every client a task, every request a task.
use std::cell::RefCell;
use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use h3::server::{RequestResolver, RequestStream};
use hyper::body::{Buf, Bytes};
use hyper::{Method, Response, StatusCode};

use super::{H3Error, MOST_HEAD};
use crate::net::Net;
use crate::services::http::{self, Handler, Page};
use crate::services::quic::{QuicError, Server};
use crate::services::{Crowd, Heard, within};

/// Clients that are served at once; one more is refused (CONNECTION_REFUSED, RFC 9000 §20.1). Requests of one at once are
/// bounded by QUIC's streams.
const CLIENTS: usize = 1000;
/// Bytes of a request's body; one more is 413.
const MOST_REQUEST: usize = 1 << 20;
/// A request whose head is not there after this is not waited for; one of whose body nothing comes for so long is answered 408: a
/// client that only keeps its connection alive holds nothing else.
const PATIENCE: Duration = Duration::from_secs(60);

type Quic = h3_quinn::Connection;
type Stream = RequestStream<h3_quinn::BidiStream<Bytes>, Bytes>;

/// Serves `page` of each path until the socket is closed; a path without one is answered 404.
pub async fn serve<N: Net>(net: N, server: Server, page: impl Fn(&str) -> Option<Page> + 'static) {
    serve_with(net, server, move |request: http::Request| ready(paged(&request, &page))).await;
}

/// Answers every request by this handler until the socket is closed.
pub async fn serve_with<N: Net>(net: N, server: Server, handler: impl Handler) {
    let handler = Rc::new(handler);
    serve_each(net, server, move |_| {
        let handler = Rc::clone(&handler);
        move |request, _| {
            let handler = Rc::clone(&handler);
            async move { handler.answer(request).await }
        }
    })
    .await;
}

/// Answers every request by what `meet` gives for its connection, which hears of each whether it is early data: that can be
/// replayed (RFC 9001 §9.2). Until the socket is closed.
pub async fn serve_each<N: Net, A, F>(net: N, server: Server, meet: impl Fn(&quinn::Connection) -> A + 'static)
where
    A: Fn(http::Request, bool) -> F + 'static,
    F: Future<Output = http::Response>,
{
    serve_up_to(net, server, meet, CLIENTS).await;
}

pub(super) async fn serve_up_to<N: Net, A, F>(
    net: N,
    server: Server,
    meet: impl Fn(&quinn::Connection) -> A + 'static,
    clients: usize,
) where
    A: Fn(http::Request, bool) -> F + 'static,
    F: Future<Output = http::Response>,
{
    let (meet, crowd) = (Rc::new(meet), Crowd::default());
    while let Some(incoming) = server.accept().await {
        if crowd.size() >= clients {
            incoming.refuse();
            continue;
        }
        let (own, meet, member) = (net.clone(), Rc::clone(&meet), crowd.join());
        net.spawn(async move {
            // A client that breaks off is no failure of the server.
            drop(client(own, incoming, &*meet).await);
            drop(member);
        });
    }
}

/// One client: its requests are answered as soon as they come, early data too.
async fn client<N: Net, A, F>(
    net: N,
    incoming: quinn::Incoming,
    meet: &impl Fn(&quinn::Connection) -> A,
) -> Result<(), H3Error>
where
    A: Fn(http::Request, bool) -> F + 'static,
    F: Future<Output = http::Response>,
{
    let connecting = incoming.accept().map_err(QuicError::from)?;
    let (quic, over) = connecting.into_0rtt().unwrap_or_else(|_| unreachable!("a server may always send at once"));
    let handshake = Handshake(RefCell::new(Some(over)));
    if quic.handshake_data().is_none() {
        // The hello came in several packets, as one with a post-quantum key share does, and what it allows is not known yet:
        // who wants to open a stream now is never told that it may.
        handshake.over().await;
    }
    let answerer = Rc::new(meet(&quic));
    let mut builder = h3::server::builder();
    builder.send_grease(false).max_field_section_size(MOST_HEAD);
    let mut connection = builder.build::<Quic, Bytes>(Quic::new(quic)).await?;
    while let Some(request) = connection.accept().await? {
        let (answerer, early) = (Rc::clone(&answerer), handshake.goes_on().await);
        let own = net.clone();
        net.spawn(async move { drop(answer(&own, (request, early), &*answerer).await) });
    }
    Ok(())
}

/// A connection's handshake, which goes on while early data comes.
struct Handshake(RefCell<Option<quinn::ZeroRttAccepted>>);

impl Handshake {
    async fn over(&self) {
        let over = self.0.take();
        if let Some(over) = over {
            over.await;
        }
    }

    async fn goes_on(&self) -> bool {
        poll_fn(|cx| {
            let mut over = self.0.borrow_mut();
            if over.as_mut().is_some_and(|it| Pin::new(it).poll(cx).is_ready()) {
                *over = None;
            }
            Poll::Ready(over.is_some())
        })
        .await
    }
}

async fn answer<N: Net, F: Future<Output = http::Response>>(
    net: &N,
    (request, early): (RequestResolver<Quic, Bytes>, bool),
    answerer: &impl Fn(http::Request, bool) -> F,
) -> Result<(), H3Error> {
    let (request, mut stream) = within(net, PATIENCE, request.resolve_request()).await.ok_or_else(late)??;
    let (parts, ()) = request.into_parts();
    let heard = Heard::default();
    let body = match heard.or_silence(net, PATIENCE, whole(&mut stream, || heard.at(net.now()))).await {
        Some(body) => body?.ok_or(StatusCode::PAYLOAD_TOO_LARGE),
        None => Err(StatusCode::REQUEST_TIMEOUT),
    };
    let body = match body {
        Ok(body) => body.into(),
        Err(status) => return respond(&mut stream, http::Response::new(status), false).await,
    };
    let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let is_head = parts.method == Method::HEAD;
    let request = http::Request { method: parts.method, path, headers: parts.headers, body };
    respond(&mut stream, answerer(request, early).await, is_head).await
}

fn late() -> H3Error {
    H3Error::Broken("the head of the request does not come".to_owned())
}

/// The body of a request, telling of each piece; `None` where it is larger than is taken.
async fn whole(stream: &mut Stream, heard: impl Fn()) -> Result<Option<Vec<u8>>, H3Error> {
    let mut body = Vec::new();
    while let Some(mut piece) = stream.recv_data().await? {
        heard();
        if body.len() + piece.remaining() > MOST_REQUEST {
            return Ok(None);
        }
        body.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
    }
    Ok(Some(body))
}

/// What a server of pages answers.
pub(super) fn paged(request: &http::Request, page: impl Fn(&str) -> Option<Page>) -> http::Response {
    let text = |status, text: &'static str| http::Response { status, ..http::Response::ok("text/plain", text) };
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD are answered here\n").with("allow", "GET, HEAD");
    }
    match page(request.path.split('?').next().unwrap_or_default()) {
        Some(page) => http::Response::ok(page.content_type, page.body),
        None => text(StatusCode::NOT_FOUND, "no such page\n"),
    }
}

/// No Date header: it would bring the wall clock into a run (RFC 9110 §6.6.1 allows a server without a clock).
async fn respond(stream: &mut Stream, answer: http::Response, head: bool) -> Result<(), H3Error> {
    let (mut response, answer) = (Response::new(()), answer.framed(true));
    (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
    stream.send_response(response).await?;
    if !head && !answer.body.is_empty() {
        stream.send_data(answer.body).await?;
    }
    Ok(stream.finish().await?)
}
