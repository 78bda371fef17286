//! The lab's resolver over TLS and HTTPS on this machine's loopback, with certificates of an authority that is given.
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
}

/// Starts both at 127.0.0.1, the ports over TLS and over HTTPS; 0 chooses one. They serve until the world ends.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start<N: Net>(
    net: &N,
    resolver: &Resolver<N>,
    (ground, authority): (&Ground, &Authority),
    ports: [u16; 2],
) -> Result<Up, NotUp> {
    let [tls, https] = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let not_up = |host: &str, at| {
        let host = host.to_owned();
        move |source| NotUp { host, at, source }
    };
    let server = |protocols: &[&[u8]]| Server::new(ground, authority.issue(&NAMES)?, protocols);
    let prepared: Result<_, TlsError> = server(&[DOT]).and_then(|dot| Ok((dot, server(&[H2, HTTP_1_1])?)));
    let (tls_server, https_server) = prepared.map_err(std::io::Error::from).map_err(not_up("the resolver", tls))?;
    let answers = Rc::new(resolver.clone());
    let tls =
        serve_tls(net, tls, tls_server, Rc::clone(&answers)).await.map_err(not_up("the resolver over TLS", tls))?;
    let https =
        serve_https(net, https, https_server, answers).await.map_err(not_up("the resolver over HTTPS", https))?;
    Ok(Up { tls, https })
}
