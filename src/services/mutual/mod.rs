//! A service whose callers prove who they are (mutual TLS), and lets each do what its identity may; a gateway before it.
//!
//! ```text
//! caller ── TLS, its certificate ──> Service: identity from the certificate ──> Rules: may it call this path?
//! caller ── TLS, its certificate ──> Gateway ── TLS, the gateway's ──> Service: identity from a field the gateway wrote
//! ```
mod gateway;
mod rules;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::rc::Rc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

pub use gateway::{Forwarding, Gateway};
pub use rules::{FORWARDED, Rules, identity};

use crate::net::{Listener, Net};
use crate::recording::Time;
use crate::services::tls::{Server, TlsError};

/// What a server made of a connection or a call, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub at: Time,
    pub met: Met,
    pub text: String,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// There was a handshake, and a call.
    Called,
    /// This end broke the handshake off.
    Refused,
    /// The other end did, with an alert or without a word.
    Left,
}

/// What a server heard, in its order; shared.
pub type Log = Rc<RefCell<Vec<Heard>>>;

/// The server's TLS, which may be exchanged while it runs: new connections get the new one.
pub type Current = Rc<RefCell<Server>>;

/// Serves every connection: whoever cannot prove to be somebody gets an alert, everybody else an answer of `answer`, which
/// hears who calls, and what.
///
/// # Errors
/// The listening socket's.
pub async fn serve<N: Net, A, F>(net: N, listener: N::Listener, tls: Current, log: Log, answer: A) -> io::Result<()>
where
    A: Fn(Option<String>, Request<Incoming>) -> F + 'static,
    F: Future<Output = (StatusCode, String)> + 'static,
{
    let answer = Rc::new(answer);
    loop {
        let (stream, _) = listener.accept().await?;
        let tls = tls.borrow().clone();
        let (own, log, answer) = (net.clone(), Rc::clone(&log), Rc::clone(&answer));
        net.spawn(async move {
            let stream = match tls.accept(&own, stream).await {
                Ok(stream) => stream,
                Err(error) => return hear(&own, &log, broken(&error), format!("no handshake: {error}")),
            };
            let caller = identity(stream.shown());
            let heard = (own.clone(), Rc::clone(&log));
            let service = service_fn(move |request: Request<Incoming>| {
                let (net, log) = heard.clone();
                let (what, who) = (request.uri().path().to_owned(), caller.clone());
                let answer = answer(caller.clone(), request);
                async move {
                    let (status, text) = answer.await;
                    let who = who.unwrap_or_else(|| "nobody".to_owned());
                    hear(&net, &log, Met::Called, format!("{who} calls {what}: {}, {text}", status.as_u16()));
                    Ok::<_, Infallible>(response(status, &text))
                }
            });
            // No Date field: it would bring the wall clock into a run. A caller that breaks off is no failure of the service.
            let mut http = http1::Builder::new();
            http.auto_date_header(false).half_close(true);
            drop(http.serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// Which end broke off.
const fn broken(error: &TlsError) -> Met {
    match error {
        TlsError::Alert(_) | TlsError::Closed | TlsError::Socket(_) | TlsError::Time(_) => Met::Left,
        _ => Met::Refused,
    }
}

fn hear(net: &impl Net, log: &Log, met: Met, text: String) {
    net.note(text.clone());
    log.borrow_mut().push(Heard { at: net.now(), met, text });
}

fn response(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{text}\n"))));
    *response.status_mut() = status;
    response
}
