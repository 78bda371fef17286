//! The lab's resolver over TLS and HTTPS on this machine's loopback, with an authority made for this start only.
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use super::{serve_https, serve_tls};
use crate::net::Net;
use crate::services::dns::loopback::NotUp;
use crate::services::dns::resolver::Resolver;
use crate::services::tls::{Authority, DOT, Ground, H2, HTTP_1_1, Server, TlsError};

/// The names that the resolver can prove to have.
pub const NAMES: [&str; 4] = ["localhost", "dns.isp.example", "127.0.0.1", "::1"];

/// What is up.
#[derive(Clone, Debug)]
pub struct Up {
    pub tls: SocketAddr,
    pub https: SocketAddr,
    /// The certificate of the authority that clients must trust, as a PEM file. Its key is nowhere but in this process.
    pub authority: String,
}

/// Starts both at 127.0.0.1; a port of 0 chooses one. They serve until the world ends.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start<N: Net>(net: &N, resolver: &Resolver<N>, tls_port: u16, https_port: u16) -> Result<Up, NotUp> {
    let [tls, https] = [tls_port, https_port].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let not_up = |host, at| move |source| NotUp { host, at, source };
    let prepared = prepare().map_err(std::io::Error::from).map_err(not_up("the resolver", tls))?;
    let (authority, tls_server, https_server) = prepared;
    let answers = Rc::new(resolver.clone());
    let tls = serve_tls(net, tls, tls_server, Rc::clone(&answers))
        .await
        .map_err(not_up("the resolver over TLS (--tls-port)", tls))?;
    let https = serve_https(net, https, https_server, answers)
        .await
        .map_err(not_up("the resolver over HTTPS (--https-port)", https))?;
    Ok(Up { tls, https, authority: authority.pem() })
}

fn prepare() -> Result<(Authority, Server, Server), TlsError> {
    let ground = Ground::system();
    let authority = Authority::new(&ground, "Roundtrip lab, this start only")?;
    let server = |protocols: &[&[u8]]| Server::new(&ground, authority.issue(&NAMES)?, protocols);
    let (tls, https) = (server(&[DOT])?, server(&[H2, HTTP_1_1])?);
    Ok((authority, tls, https))
}
