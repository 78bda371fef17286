//! A server on loopback that does as it is told with each connection, until the test ends.
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use roundtrip::services::tls::{Authority, Ground, Identity};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// No server of these tests says or waits for anything longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection under TLS, from the server's side.
pub(crate) type Secured = StreamOwned<ServerConnection, TcpStream>;

/// Somebody the test's clients trust.
pub(crate) fn authority() -> Authority {
    named("a test's authority")
}

/// Somebody of that name.
pub(crate) fn named(name: &str) -> Authority {
    Authority::new(&Ground::system(), name).expect("it is made")
}

/// A certificate of theirs for loopback.
pub(crate) fn loopback(authority: &Authority) -> Identity {
    authority.issue(&["127.0.0.1"]).expect("it is made")
}

/// Listens on loopback; each connection is handled on a thread of its own.
pub(crate) fn listen(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("bound");
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
            stream.set_write_timeout(Some(PATIENCE)).expect("not zero");
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream));
        }
    });
    at
}

/// The same with TLS on it, in these protocols (ALPN).
pub(crate) fn secured(
    identity: &Identity,
    protocols: &[&[u8]],
    handle: impl Fn(&mut Secured) + Send + Sync + 'static,
) -> SocketAddr {
    let config = config(identity, protocols);
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("the configuration is whole");
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            if stream.conn.complete_io(&mut stream.sock).is_err() {
                return;
            }
        }
        handle(&mut stream);
    })
}

pub(crate) fn config(identity: &Identity, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem().as_bytes()).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("the provider has them").with_no_client_auth();
    let mut config = builder.with_single_cert(identity.chain().to_vec(), key).expect("they fit");
    config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
    Arc::new(config)
}

/// Reads on and says nothing, until the client goes.
pub(crate) fn say_nothing(mut stream: impl Read) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|it| it > 0) {}
}

/// The head of a request of HTTP/1.1.
pub(crate) fn request(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|it| it > 0) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Says this after the first request, and then nothing.
pub(crate) fn answers(text: &'static [u8]) -> impl Fn(&mut Secured) + Send + Sync {
    move |stream| {
        request(stream);
        say(stream, text);
        say_nothing(stream);
    }
}

/// Sends it, if anybody is there.
pub(crate) fn say(stream: &mut impl Write, bytes: &[u8]) -> bool {
    stream.write_all(bytes).and_then(|()| stream.flush()).is_ok()
}

/// The pace of a server.
#[expect(clippy::disallowed_methods, reason = "the time of real sockets is the machine's")]
pub(crate) fn pause(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}
