//! The server's side: a handler gets a request and what it may say to it.
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use h2::server::{Builder, SendResponse};
use hyper::body::Bytes;
use hyper::{Method, StatusCode, Uri};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{read, write};
use crate::net::{Listener, Net};
use crate::services::ahead::Ahead;
use crate::services::http::watched::watched;
use crate::services::http::{HttpError, Request, Response};
use crate::services::tls::Server;
use crate::services::{Crowd, Member, while_heard};

/// The header section of a request at the most.
const HEAD_LIMIT: u32 = 32 << 10;
/// A connection on which nothing moves and nothing is worked on for this long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// What a server may say to one request.
pub struct Reply<N> {
    net: N,
    respond: SendResponse<Bytes>,
    /// Scheme and authority of the request: a pushed one has the same.
    origin: (String, String),
    /// The answer is worked on, until it goes out: then what the client takes of it is movement.
    working: Member,
}

/// Serves every connection that comes, over TLS that agreed on HTTP/2, until the listening socket fails.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net, A: Future<Output = ()> + 'static>(
    net: N,
    listener: N::Listener,
    tls: Server,
    handler: impl Fn(Request, Reply<N>) -> A + 'static,
) -> io::Result<()> {
    let handler = Rc::new(handler);
    loop {
        let (stream, _) = listener.accept().await?;
        let (own, tls, handler) = (net.clone(), tls.clone(), Rc::clone(&handler));
        net.spawn(async move {
            let Ok(stream) = tls.accept(&own, stream).await else { return };
            let (stream, watch) = watched(&own, Ahead::new(stream));
            let busy = Crowd::default();
            let last = || {
                watch.look();
                // Who works on an answer is asked again after a whole time of silence.
                Some(if busy.size() > 0 { own.now() } else { watch.moved() })
            };
            // A client that breaks off is no failure of the server.
            drop(while_heard(&own, IDLE, last, connection(&own, stream, handler, &busy)).await);
        });
    }
}

async fn connection<N: Net, A: Future<Output = ()> + 'static>(
    net: &N,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    handler: Rc<impl Fn(Request, Reply<N>) -> A + 'static>,
    busy: &Crowd,
) -> Result<(), h2::Error> {
    let mut builder = Builder::new();
    builder.max_concurrent_streams(100).max_header_list_size(HEAD_LIMIT);
    let mut connection = builder.handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let (parts, body) = request.into_parts();
        let part = |it: Option<&str>| it.unwrap_or_default().to_owned();
        let origin = (part(parts.uri.scheme_str()), part(parts.uri.authority().map(|it| it.as_str())));
        let (net_of_reply, handler, busy) = (net.clone(), Rc::clone(&handler), busy.clone());
        net.spawn(async move {
            let Ok(body) = read(body, || ()).await else { return };
            let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
            let reply = Reply { net: net_of_reply, respond, origin, working: busy.join() };
            handler(Request { method: parts.method, path, headers: parts.headers, body }, reply).await;
        });
    }
    Ok(())
}

impl<N: Net> Reply<N> {
    /// 103 Early Hints with these Link fields: what the client may fetch while it waits (RFC 8297 §2).
    ///
    /// # Errors
    /// When the connection is over.
    pub fn hint(&mut self, links: &[String]) -> Result<(), HttpError> {
        let mut hint = hyper::Response::builder().status(StatusCode::EARLY_HINTS);
        for link in links {
            hint = hint.header("link", link);
        }
        Ok(self.respond.send_informational(hint.body(())?)?)
    }

    /// Promises the answer to a GET of that path, and sends it beside the caller.
    ///
    /// # Errors
    /// When the client takes no pushes (`SETTINGS_ENABLE_PUSH` 0, RFC 9113 §6.5.2), or the connection is over.
    pub fn push(&mut self, path: &str, response: Response) -> Result<(), HttpError> {
        let (scheme, authority) = &self.origin;
        let uri = Uri::builder().scheme(scheme.as_str()).authority(authority.as_str()).path_and_query(path).build()?;
        // RFC 9113 §8.4: what is pushed is safe, cacheable and has no body.
        let request = hyper::Request::builder().method(Method::GET).uri(uri).body(())?;
        let mut promised = self.respond.push_request(request)?;
        self.net.spawn(async move {
            let (head, body) = parts(response);
            if let Ok(stream) = promised.send_response(head, body.is_empty()) {
                // Who resets a pushed stream does not want it.
                drop(write(stream, body).await);
            }
        });
        Ok(())
    }

    /// The answer itself.
    ///
    /// # Errors
    /// When the client has reset the stream, or the connection is over.
    pub async fn answer(mut self, response: Response) -> Result<(), HttpError> {
        drop(self.working);
        let (head, body) = parts(response);
        let stream = self.respond.send_response(head, body.is_empty())?;
        write(stream, body).await
    }
}

fn parts(response: Response) -> (hyper::Response<()>, Bytes) {
    let mut head = hyper::Response::new(());
    *head.status_mut() = response.status;
    *head.headers_mut() = response.headers;
    (head, response.body)
}
