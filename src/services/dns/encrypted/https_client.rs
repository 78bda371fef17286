//! DNS over HTTPS, the client's side (RFC 8484), over HTTP/2.
use data_encoding::BASE64URL_NOPAD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Version};
use hyper_util::rt::TokioIo;

use super::client::Ended;
use super::{MEDIA_TYPE, MOST_BYTES, PATH};
use crate::net::Net;
use crate::services::http::Tasks;
use crate::services::tls::{H2, Tls};

/// An HTTP/2 connection to a resolver.
pub(super) struct Https {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    post: bool,
}

impl Https {
    /// Begins HTTP/2 on a stream whose TLS agreed on it; that costs no round trip.
    pub(super) async fn begin<N: Net>(net: &N, stream: Tls<N::Stream>, host: &str, post: bool) -> Result<Self, Ended> {
        if stream.protocol() != Some(H2) {
            return Err(Ended::Broken("the server did not agree to HTTP/2 (ALPN)".to_owned()));
        }
        let (sender, connection) = http2::handshake(Tasks::of(net), TokioIo::new(stream)).await?;
        // What goes wrong with the connection reaches the exchange as its error.
        net.spawn(async move { drop(connection.await) });
        Ok(Self { sender, host: host.trim_end_matches('.').to_owned(), post })
    }

    /// One message out, one in.
    pub(super) async fn exchange(&mut self, query: Vec<u8>) -> Result<Vec<u8>, Ended> {
        let request = self.request(query).map_err(|error| Ended::Broken(error.to_string()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE).cloned();
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(|error| Ended::Broken(error.to_string()))?;
        if !status.is_success() {
            return Err(Ended::Status(status.as_u16()));
        }
        if kind.as_ref().map(HeaderValue::as_bytes) != Some(MEDIA_TYPE.as_bytes()) {
            return Err(Ended::Broken("the answer is no application/dns-message".to_owned()));
        }
        Ok(body.to_bytes().to_vec())
    }

    /// RFC 8484 §4.1: GET can be cached on the way, POST is shorter.
    fn request(&self, query: Vec<u8>) -> hyper::http::Result<Request<Full<Bytes>>> {
        let url = format!("https://{}{PATH}", self.host);
        let request = Request::builder().version(Version::HTTP_2).header(ACCEPT, MEDIA_TYPE);
        if self.post {
            let request = request.method(Method::POST).uri(url).header(CONTENT_TYPE, MEDIA_TYPE);
            return request.body(Full::new(Bytes::from(query)));
        }
        request.uri(format!("{url}?dns={}", BASE64URL_NOPAD.encode(&query))).body(Full::default())
    }
}
