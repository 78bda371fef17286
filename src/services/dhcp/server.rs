//! A DHCP server (RFC 2131 §4.3): offers, confirms, refuses, and remembers.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::net::{Configure, Datagrams as _};
use crate::quantity::Quantity;
use crate::services::dhcp::leases::{Leases, Pool};
use crate::services::dhcp::message::{Kind, Message};
use crate::services::dhcp::{CLIENT_PORT, LARGEST, SERVER_PORT};
use crate::wire::text::mac;

/// What a server gives out, and for how long.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// One for each network it serves; through relays it serves others than its own.
    pub pools: Vec<Pool>,
    /// Whole seconds.
    pub lease: Duration,
    /// How long it thinks before it answers a DISCOVER.
    pub delay: Duration,
}

struct Server<N: Configure> {
    net: N,
    socket: N::Datagrams,
    own: Ipv4Addr,
    options: ServerOptions,
    leases: Leases,
}

/// Serves until the world ends.
///
/// # Errors
/// When the port is taken, or the host has no IPv4 address.
pub async fn serve<N: Configure>(net: N, options: ServerOptions) -> io::Result<()> {
    let socket = net.bind(SocketAddr::from(([0; 4], SERVER_PORT))).await?;
    let Some(IpAddr::V4(own)) = net.address() else {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "a DHCP server needs an IPv4 address"));
    };
    let mut server = Server { net, socket, own, options, leases: Leases::default() };
    let mut buffer = [0; LARGEST];
    loop {
        let (length, _) = server.socket.receive(&mut buffer).await?;
        if let Some(message) = Message::read(&buffer[..length]).filter(|it| !it.is_reply()) {
            server.hear(&message).await?;
        }
    }
}

impl<N: Configure> Server<N> {
    fn note(&self, text: impl Into<String>) {
        self.net.note(text.into());
    }

    async fn hear(&mut self, message: &Message) -> io::Result<()> {
        let (now, who) = (self.net.now(), mac(message.mac));
        let lease = self.options.lease;
        match message.kind {
            Kind::Discover => self.offer(message).await?,
            Kind::Request => self.request(message).await?,
            Kind::Decline => {
                if let Some(address) = message.requested
                    && self.leases.decline(now, message.mac, address, lease)
                {
                    self.note(format!("DHCP: {who} found that another uses {address}: nobody gets it for a while"));
                }
            }
            Kind::Release => {
                if self.leases.end(now, message.mac, message.client) {
                    self.note(format!("DHCP: {who} gives {} back", message.client));
                }
            }
            Kind::Offer | Kind::Ack | Kind::Nak => {}
        }
        self.net.level("leases", self.leases.bound(self.net.now()));
        Ok(())
    }

    /// The pool of the network that a message comes from. A client that renews needs no relay: it says where it is by the
    /// address it has (RFC 2131 §4.3.2).
    fn pool(&self, message: &Message) -> Option<Pool> {
        let said = [message.relay, message.client].into_iter().find(|it| !it.is_unspecified());
        let on = said.unwrap_or(self.own);
        self.options.pools.iter().find(|it| it.is_on_network(on)).cloned()
    }

    async fn offer(&mut self, message: &Message) -> io::Result<()> {
        let Some(pool) = self.pool(message) else { return Ok(()) };
        let (who, now) = (mac(message.mac), self.net.now());
        let Some(address) = self.leases.offer(now, &pool, message.mac, message.requested) else {
            self.note(format!("DHCP: all {} addresses are leased: {who} gets no offer", pool.size()));
            return Ok(());
        };
        self.note(format!("DHCP: offers {address} to {who}"));
        self.net.sleep(self.options.delay).await;
        let offer = self.granted(Kind::Offer, message, &pool, address);
        self.answer(message, &offer).await
    }

    /// RFC 2131 §4.3.2: what a REQUEST means follows from who is named in it.
    async fn request(&mut self, message: &Message) -> io::Result<()> {
        let Some(pool) = self.pool(message) else { return Ok(()) };
        let (now, who) = (self.net.now(), mac(message.mac));
        if let Some(server) = message.server.filter(|it| *it != self.own) {
            if let Some(address) = self.leases.not_taken(message.mac) {
                self.note(format!("DHCP: {who} takes the offer of {server}: {address} is free again"));
            }
            return Ok(());
        }
        let renews = !message.client.is_unspecified();
        let wanted = if renews { Some(message.client) } else { message.requested };
        let Some(address) = wanted else { return Ok(()) };
        if !pool.is_on_network(address) {
            return self.refuse(message, format!("{address} is of another network")).await;
        }
        if self.leases.bind(now, message.mac, address, self.options.lease) {
            let time = Quantity::time(self.options.lease);
            self.note(format!("DHCP: {address} is {who}'s for {time}"));
            let ack = self.granted(Kind::Ack, message, &pool, address);
            return self.answer(message, &ack).await;
        }
        // RFC 2131 §4.3.2: of a client it does not know a server says nothing, unless the client chose it.
        if message.server.is_none() && self.leases.of(message.mac).is_none() {
            self.note(format!("DHCP: {who} says it has {address}, which is not known here: no answer"));
            return Ok(());
        }
        self.refuse(message, format!("{address} is not yours")).await
    }

    async fn refuse(&self, message: &Message, why: String) -> io::Result<()> {
        self.note(format!("DHCP: refuses {}: {why}", mac(message.mac)));
        let nak = Message { text: Some(why), ..self.reply(Kind::Nak, message) };
        self.answer(&Message { client: Ipv4Addr::UNSPECIFIED, ..message.clone() }, &nak).await
    }

    fn reply(&self, kind: Kind, to: &Message) -> Message {
        let (relay, broadcast, server) = (to.relay, to.broadcast, Some(self.own));
        Message { relay, broadcast, server, ..Message::new(kind, to.xid, to.mac) }
    }

    fn granted(&self, kind: Kind, to: &Message, pool: &Pool, address: Ipv4Addr) -> Message {
        let lease = self.options.lease;
        Message {
            yours: address,
            client: to.client,
            lease: Some(lease),
            // RFC 2131 §4.4.5: half of the time, and seven eighths.
            t1: Some(lease / 2),
            t2: Some(lease * 7 / 8),
            prefix: Some(pool.prefix),
            router: pool.router,
            dns: pool.dns.clone(),
            ..self.reply(kind, to)
        }
    }

    /// RFC 2131 §4.1: to the relay, to the address the client uses, or to everybody.
    async fn answer(&self, to: &Message, reply: &Message) -> io::Result<()> {
        let place = if !to.relay.is_unspecified() {
            (to.relay, SERVER_PORT)
        } else if !to.client.is_unspecified() {
            (to.client, CLIENT_PORT)
        } else {
            (Ipv4Addr::BROADCAST, CLIENT_PORT)
        };
        self.socket.send_to(&reply.to_bytes(), SocketAddr::from(place)).await
    }
}
