//! The authority on this machine's loopback, for clients that are not ours. It gives certificates for names that are nobody's
//! (RFC 2606 §2), each of which is this machine to it, and looks for proofs at ports that need no rights.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::Name;

use super::{Acme, AcmeOptions};
use crate::net::{Listener, Net};
use crate::services::dns::loopback::NotUp;
use crate::services::dns::{self, Answers, Asker, Zone};
use crate::services::tls::{Authority, Ground, H2, HTTP_1_1, Server, TlsError};

/// Certificates are good for this long.
const LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// What CAA records must name, where a zone of proofs has any.
pub const ISSUER: &str = "ca.example";
/// What every proof is looked for in: names for tests and documentation are this machine.
const ZONE: &str = "$TTL 0\n@ SOA ns.example. hostmaster.example. 1 60 60 60 0\n@ NS ns.example.\n\
    *.example. A 127.0.0.1\n*.test. A 127.0.0.1\n*.localhost. A 127.0.0.1\n";

/// Where the authority shall be, and where it looks for proofs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub at: IpAddr,
    /// 0 takes a free one.
    pub port: u16,
    /// Where the file of http-01 is, and the certificate of tls-alpn-01.
    pub http_port: u16,
    pub tls_port: u16,
}

/// Starts an authority below that one, and serves until the world ends. `records` gives the lines of a zone file in which the
/// TXT records of dns-01 are; it is asked for each query. Without a seed every random value is the system's. Gives where the authority is.
///
/// # Errors
/// When the address cannot be had.
pub async fn start<N: Net>(
    net: &N,
    (ground, root): (&Ground, &Authority),
    place: Place,
    seed: Option<u64>,
    records: impl Fn() -> String + 'static,
) -> Result<SocketAddr, NotUp> {
    let at = SocketAddr::new(place.at, place.port);
    let not_up = |source| NotUp { host: "the ACME authority".to_owned(), at, source };
    let listener = net.listen(at).await.map_err(not_up)?;
    let at = listener.local().map_err(not_up)?;
    let resolver = dns::serve(net, SocketAddr::new(place.at, 0), Records(records)).await.map_err(not_up)?;
    let options = AcmeOptions {
        base: format!("https://localhost:{}", at.port()),
        lifetime: LIFETIME,
        weekly: 0,
        resolver,
        http_port: place.http_port,
        tls_port: place.tls_port,
        issuer: ISSUER.to_owned(),
        lists_revoked: true,
        seed,
    };
    let prepared = prepare(ground, root).map_err(io::Error::from).map_err(not_up)?;
    let serving = Acme::new(net, ground, prepared.0, options).serve(listener, prepared.1);
    net.spawn(async move { drop(serving.await) });
    Ok(at)
}

fn prepare(ground: &Ground, root: &Authority) -> Result<(Authority, Server), TlsError> {
    let below = root.intermediate("Roundtrip lab ACME", 0)?;
    let server = Server::new(ground, root.issue(&["localhost", "127.0.0.1"])?, &[H2, HTTP_1_1])?;
    Ok((below, server))
}

/// What answers for every name.
struct Records<F>(F);

impl<F: Fn() -> String + 'static> Answers for Records<F> {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        // Lines that make no zone are left out: then there is no proof, and the client hears so.
        let zone = Zone::read("the records", &format!("{ZONE}{}", self.0()), &Name::root());
        let zone = zone.or_else(|_| Zone::read("the records", ZONE, &Name::root()));
        dns::Authority::new(vec![zone.ok()?]).answer(&query, asker)
    }
}
