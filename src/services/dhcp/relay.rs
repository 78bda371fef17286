//! A relay agent (RFC 1542 §4, RFC 2131 §4.1): carries a network's broadcasts to a server on another one, and its answers back.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::net::{Configure, Datagrams as _};
use crate::services::dhcp::message::Message;
use crate::services::dhcp::{CLIENT_PORT, LARGEST, SERVER_PORT};

/// A message that has passed so many relays goes in circles (RFC 1542 §4.1.1).
const MOST_HOPS: u8 = 16;

/// Relays between the clients of this host's network and the server, until the world ends.
///
/// # Errors
/// When the port is taken, or the host has no IPv4 address.
pub async fn relay<N: Configure>(net: N, server: Ipv4Addr) -> io::Result<()> {
    let socket = net.bind(SocketAddr::from(([0; 4], SERVER_PORT))).await?;
    let Some(IpAddr::V4(own)) = net.address() else {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "a DHCP relay needs an IPv4 address"));
    };
    let mut buffer = [0; LARGEST];
    loop {
        let (length, _) = socket.receive(&mut buffer).await?;
        let Some(mut message) = Message::read(&buffer[..length]) else { continue };
        let kind = message.kind;
        if message.is_reply() {
            if message.relay == own {
                net.note(format!("DHCP relay: the server's {kind} goes to the clients here"));
                let everybody = SocketAddr::from((Ipv4Addr::BROADCAST, CLIENT_PORT));
                socket.send_to(&message.to_bytes(), everybody).await?;
            }
            continue;
        }
        message.hops = message.hops.saturating_add(1);
        if message.hops > MOST_HOPS {
            continue;
        }
        if message.relay.is_unspecified() {
            message.relay = own;
        }
        net.note(format!("DHCP relay: carries a {kind} to {server}, and says that it heard it at {own}"));
        socket.send_to(&message.to_bytes(), SocketAddr::from((server, SERVER_PORT))).await?;
    }
}
