//! A gateway: callers prove themselves to it, and it tells the service behind it who they are, over a connection of its own.
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};

use super::rules::FORWARDED;
use super::{Current, Log, serve};
use crate::net::Net;
use crate::services::http::{self, Version};
use crate::services::tls::Client;
use crate::wire::text::visible_start;

/// What becomes of a field that a caller wrote itself (Envoy's forward_client_cert_details).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// The caller's is thrown away: SANITIZE_SET.
    Replaced,
    /// The gateway's is added behind it: APPEND_FORWARD.
    Appended,
}

/// A gateway before a service.
#[derive(Clone)]
pub struct Gateway {
    /// Its own identity, which stands in the field as well.
    pub name: String,
    pub service: SocketAddr,
    /// The name that the service must prove.
    pub host: String,
    /// With the gateway's own certificate; may be exchanged while it runs.
    pub tls: Rc<RefCell<Client>>,
    pub forwarding: Forwarding,
}

impl Gateway {
    /// Serves until the listening socket fails.
    ///
    /// # Errors
    /// The listening socket's.
    pub async fn serve<N: Net>(self, net: N, listener: N::Listener, tls: Current, log: Log) -> io::Result<()> {
        let own = net.clone();
        let forward = move |caller: Option<String>, request: Request<Incoming>| {
            let (gateway, net) = (self.clone(), own.clone());
            async move { gateway.forward(&net, caller, &request).await }
        };
        serve(net, listener, tls, log, forward).await
    }

    async fn forward<N: Net>(
        &self,
        net: &N,
        caller: Option<String>,
        request: &Request<Incoming>,
    ) -> (StatusCode, String) {
        let caller = caller.unwrap_or_default();
        let mut field = format!("By={};URI={caller}", self.name);
        if self.forwarding == Forwarding::Appended
            && let Some(theirs) = request.headers().get(FORWARDED).and_then(|it| it.to_str().ok())
        {
            field = format!("{theirs},{field}");
        }
        let asked = http::Request::get(request.uri().path()).with(FORWARDED, &field);
        let client = http::Client::new(Version::Http11, self.service, &self.host).over(&self.tls.borrow());
        let answered = async { client.open(net).await?.ask(asked).await };
        match answered.await {
            Ok(it) => {
                let text = String::from_utf8_lossy(&it.response.body);
                (it.response.status, visible_start(text.trim_end(), 200))
            }
            Err(error) => (StatusCode::BAD_GATEWAY, format!("the service gives the gateway no answer: {error}")),
        }
    }
}
