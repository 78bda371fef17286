//! How a request came: what its connection agreed on, as this end knows it.
use hyper::HeaderMap;
use quinn::crypto::rustls::HandshakeData;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::services::http::Met;
use crate::services::quic::Connection;
use crate::services::tls::Agreed;
use crate::services::x509::Certificate;
use crate::wire::text::visible_start;

/// What a client wrote is shown up to this length.
const LONGEST: usize = 200;

/// How a request came.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    http: &'static str,
    /// What is known; nothing of it while the handshake goes on.
    agreed: Option<Agreed>,
    /// The request came before the handshake was over: it can be replayed (RFC 8446 §8).
    pub(super) early: bool,
    /// The names in the certificate that the client showed.
    client: Option<String>,
}

impl Way {
    pub(super) fn over_tcp(met: &Met) -> Self {
        let http = if met.is_http2 { "2" } else { "1.x" };
        let Some(told) = &met.tls else { return Self { http, ..Self::default() } };
        let over = told.over();
        let client = over.and_then(|it| owner(&it.shown));
        Self { http, agreed: over.map(|it| it.agreed.clone()), early: over.is_none(), client }
    }

    /// The library says neither the suite nor the key exchange, nor whether a session was resumed.
    pub(super) fn over_quic(connection: &Connection, early: bool) -> Self {
        let data = connection.handshake_data().and_then(|it| it.downcast::<HandshakeData>().ok());
        let protocol = data.and_then(|it| it.protocol).map_or_else(String::new, |it| visible_start(it, LONGEST));
        let shown = connection.peer_identity().and_then(|it| it.downcast::<Vec<CertificateDer<'static>>>().ok());
        let agreed = Agreed { version: "TLS 1.3".to_owned(), protocol, ..Agreed::default() };
        Self { http: "3", agreed: Some(agreed), early, client: shown.and_then(|it| owner(&it)) }
    }

    /// As JSON; `null` is what this end does not know.
    pub(super) fn json(&self) -> Value {
        let known = |it: fn(&Agreed) -> &String| self.agreed.as_ref().map(it).filter(|it| !it.is_empty());
        let is_tcp = self.agreed.as_ref().filter(|it| !it.suite.is_empty());
        json!({
            "http": self.http,
            "tls": known(|it| &it.version),
            "suite": known(|it| &it.suite),
            "group": known(|it| &it.group),
            "alpn": known(|it| &it.protocol),
            "resumed": is_tcp.map(|it| it.resumed),
            "early": self.early,
            "client": self.client,
        })
    }
}

/// Whose certificate that is.
fn owner(shown: &[CertificateDer<'_>]) -> Option<String> {
    let own = Certificate::read(shown.first()?).ok()?;
    let names: Vec<String> = own.names.iter().map(ToString::to_string).collect();
    Some(visible_start(names.join(", "), LONGEST))
}

/// The fields of a request, a line each.
pub(super) fn fields(headers: &HeaderMap) -> String {
    let line = |name: &str, value: &[u8]| format!("{name}: {}\n", visible_start(value, 16 << 10));
    headers.iter().map(|(name, value)| line(name.as_str(), value.as_bytes())).collect()
}
