//! DNS over HTTPS, the resolver's side (RFC 8484): a query in a GET or a POST, over HTTP/2 or HTTP/1.1 as TLS agreed.
use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;

use data_encoding::BASE64URL_NOPAD;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;

use super::padding::padded_answer;
use super::serve_at;
use super::{AT_ONCE, IDLE, MEDIA_TYPE, MOST_BYTES, PATH};
use crate::net::Net;
use crate::recording::Time;
use crate::services::dns::{Answers, Asker, Transport};
use crate::services::http::Tasks;
use crate::services::tls::{H2, Server};
use crate::services::{Crowd, Heard, within};

/// The head of an HTTP/1.1 request: a GET may hold a whole message in its path.
const MOST_HEAD: usize = 100 << 10;

/// A refusal: its code, and what to do about it.
type Refusal = (StatusCode, &'static str);

/// Listens at an address and serves beside the caller; port 0 chooses one. Gives where it listens.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve_https<N: Net>(
    net: &N,
    at: SocketAddr,
    tls: Server,
    answers: Rc<impl Answers>,
) -> io::Result<SocketAddr> {
    let own = net.clone();
    let serve = move |stream, from| connection(own.clone(), stream, from, tls.clone(), Rc::clone(&answers));
    serve_at(net, at, serve).await
}

/// What a connection's requests share.
struct Desk<N, A> {
    net: N,
    answers: Rc<A>,
    asker: Asker,
    busy: Crowd,
    last: Cell<Time>,
}

async fn connection<N: Net>(net: N, stream: N::Stream, from: SocketAddr, tls: Server, answers: Rc<impl Answers>) {
    let Ok(stream) = tls.accept(&net, stream).await else { return };
    let asker = Asker { address: from.ip(), transport: Transport::Tcp };
    let last = Cell::new(net.now());
    let desk = Rc::new(Desk { net: net.clone(), answers, asker, busy: Crowd::default(), last });
    let http2 = stream.protocol() == Some(H2);
    let (own, stream) = (Rc::clone(&desk), TokioIo::new(stream));
    let service = service_fn(move |request| {
        let desk = Rc::clone(&own);
        async move { Ok::<_, Infallible>(desk.answer(request).await) }
    });
    // No Date header: it would bring the wall clock into a run (RFC 9110 §6.6.1 allows a server without a clock).
    if http2 {
        let mut builder = http2::Builder::new(Tasks::of(&net));
        let streams = u32::try_from(AT_ONCE).expect("a small number");
        builder.auto_date_header(false).max_concurrent_streams(streams);
        until_idle(&desk, builder.serve_connection(stream, service)).await;
    } else {
        let mut builder = http1::Builder::new();
        builder.auto_date_header(false).max_buf_size(MOST_HEAD);
        until_idle(&desk, builder.serve_connection(stream, service)).await;
    }
}

/// Drives a connection until it ends, or nothing was asked on it for [`IDLE`].
async fn until_idle<N: Net, A>(desk: &Desk<N, A>, connection: impl Future) {
    let mut connection = pin!(connection);
    while within(&desk.net, IDLE, connection.as_mut()).await.is_none() {
        if desk.busy.size() == 0 && desk.last.get() + IDLE <= desk.net.now() {
            return;
        }
    }
}

impl<N: Net, A: Answers> Desk<N, A> {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let member = self.busy.join();
        let response = match self.message(request).await {
            Ok(query) => match self.answers.answer(query.clone(), self.asker).await {
                Some(answer) => answered(padded_answer(&query, answer)),
                None => refused((StatusCode::BAD_REQUEST, "these bytes are no DNS query (RFC 1035 section 4)\n")),
            },
            Err(refusal) => refused(refusal),
        };
        self.last.set(self.net.now());
        drop(member);
        response
    }

    /// The message of a request. Its body is read first, whatever is then said: a client still sending takes an answer that
    /// overtakes its body for a broken stream.
    async fn message(&self, request: Request<Incoming>) -> Result<Vec<u8>, Refusal> {
        let (head, body) = request.into_parts();
        let body = self.whole(body).await;
        if head.uri.path() != PATH {
            return Err((StatusCode::NOT_FOUND, "DNS queries go to /dns-query\n"));
        }
        match head.method {
            Method::GET => in_path(&head.uri),
            Method::POST if is_message(&head.headers) => body,
            Method::POST => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "a POST holds application/dns-message\n")),
            _ => Err((StatusCode::METHOD_NOT_ALLOWED, "a DNS query is a GET or a POST\n")),
        }
    }

    async fn whole(&self, body: Incoming) -> Result<Vec<u8>, Refusal> {
        let heard = Heard::default();
        match heard.or_silence(&self.net, IDLE, read(body, || heard.at(self.net.now()))).await {
            Some(Ok(body)) if body.len() <= MOST_BYTES => Ok(body),
            Some(Ok(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, "a DNS message has at most 65535 bytes\n")),
            Some(Err(_)) => Err((StatusCode::BAD_REQUEST, "the body ended before it was whole\n")),
            None => Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n")),
        }
    }
}

/// A body to its end, or to twice the longest message, telling of each piece.
async fn read(mut body: Incoming, heard: impl Fn()) -> hyper::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() <= 2 * MOST_BYTES
        && let Some(frame) = body.frame().await
    {
        heard();
        bytes.extend(frame?.into_data().unwrap_or_default());
    }
    Ok(bytes)
}

fn is_message(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes()))
}

/// RFC 8484 §4.1: the message of a GET is the value of `dns`, in base64url. A path has at most 65,534 bytes here (hyper's).
fn in_path(uri: &Uri) -> Result<Vec<u8>, Refusal> {
    let values = uri.query().into_iter().flat_map(|it| it.split('&'));
    let mut values = values.filter_map(|it| it.strip_prefix("dns="));
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err((StatusCode::BAD_REQUEST, "a GET holds its query once: /dns-query?dns=...\n"));
    };
    BASE64URL_NOPAD
        .decode(value.as_bytes())
        .map_err(|_| (StatusCode::BAD_REQUEST, "`dns` is base64url without padding (RFC 4648 section 5)\n"))
}

fn answered(answer: Vec<u8>) -> Response<Full<Bytes>> {
    let cache = format!("max-age={}", freshness(&answer));
    let mut response = Response::new(Full::new(Bytes::from(answer)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_str(&cache).expect("digits are a header's value"));
    response
}

/// RFC 8484 §5.1: as long as the record that goes first; without records no longer than the SOA says. In seconds.
fn freshness(answer: &[u8]) -> u32 {
    let Ok(message) = Message::from_vec(answer) else { return 0 };
    let negative = |record: &Record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    };
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => {
            let least = message.answers.iter().map(|it| it.ttl).min();
            let soa = message.authorities.iter().find_map(negative);
            least.into_iter().chain(soa).min().unwrap_or(0)
        }
        _ => 0,
    }
}

fn refused((code, advice): Refusal) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(advice.as_bytes())));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    if code == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
    }
    response
}
