//! Whether this machine has a route to somewhere, as its routing table says; nothing is sent.
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address this machine would speak from. Connecting a UDP socket looks the route up and sends nothing (udp(7), connect(2)).
///
/// # Errors
/// When there is no route, or the family is not there at all.
pub fn route(to: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_reached_from_loopback() {
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
        assert_eq!(route(to).expect("loopback is there"), to.ip());
    }
}
