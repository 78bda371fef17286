//! The lab's name servers on this machine's loopback: the same zones and programs, on real sockets.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::dnssec::Date;
use super::resolver::{Options, Resolver};
use super::responder::{Asker, Authority};
use super::serve::{Answers, serve};
use super::signing::Signing;
use super::world::{SITES, Site, hints};
use super::zone::Zone;
use crate::net::Net;

/// A server that thinks before it answers.
struct Late<N> {
    net: N,
    delay: Duration,
    authority: Authority,
}

impl<N: Net> Answers for Late<N> {
    async fn answer(&self, query: Vec<u8>, asker: Asker) -> Option<Vec<u8>> {
        self.net.sleep(self.delay).await;
        self.authority.answer(&query, asker)
    }
}

/// A server that is up.
#[derive(Clone, Debug)]
pub struct Up {
    /// The host's name in the lab.
    pub host: &'static str,
    pub at: SocketAddr,
    /// The zones it serves; none for the resolver.
    pub zones: Vec<Name>,
}

/// An address that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{host} cannot listen at {at}: {source}")]
pub struct NotUp {
    /// What was to listen, as a sentence begins with it: `the resolver`.
    pub host: String,
    pub at: SocketAddr,
    #[source]
    pub source: io::Error,
}

/// Where the server of that number stands: each has an address of its own where loopback has more than one, as on Linux,
/// so that one port serves for all and referrals can be followed; else ports of one address.
fn place(number: u8, port: u16) -> SocketAddr {
    if cfg!(target_os = "linux") {
        SocketAddr::from(([127, 53, 0, number + 1], port))
    } else {
        SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(1).saturating_add(number.into())))
    }
}

/// Starts every server and the resolver, which stands at 127.0.0.1 and that port. They serve until the world ends.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start<N: Net>(net: &N, port: u16, seed: u64) -> Result<(Vec<Up>, Resolver<N>), NotUp> {
    start_signed(net, port, seed, &Signing::new(seed, Date::LAB)).await
}

/// The same with zones that are signed as is said.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start_signed<N: Net>(
    net: &N,
    port: u16,
    seed: u64,
    signing: &Signing,
) -> Result<(Vec<Up>, Resolver<N>), NotUp> {
    start_late(net, port, seed, (signing, Duration::ZERO)).await
}

/// The same with servers that think so long before each answer, as if they were far away; the resolver does not.
///
/// # Errors
/// When one of the addresses cannot be had.
pub async fn start_late<N: Net>(
    net: &N,
    port: u16,
    seed: u64,
    (signing, delay): (&Signing, Duration),
) -> Result<(Vec<Up>, Resolver<N>), NotUp> {
    let mut up = Vec::new();
    for (number, site) in (0_u8..).zip(&SITES) {
        let at = place(number, port);
        let mut zones = site.zones();
        if at.port() == port {
            zones.iter_mut().for_each(|zone| move_servers(zone, port));
        }
        signing.apply(&mut zones);
        let names = zones.iter().map(|zone| zone.origin().clone()).collect();
        let started = serve(net, at, Late { net: net.clone(), delay, authority: Authority::new(zones) }).await;
        started.map_err(|source| NotUp { host: format!("the name server {}", site.host), at, source })?;
        up.push(Up { host: site.host, at, zones: names });
    }
    let mut options = options(port);
    options.trust = Some(signing.trust(net.now()));
    let resolver = Resolver::new(net.clone(), options, seed);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let started = serve(net, at, resolver.clone()).await;
    started.map_err(|source| NotUp { host: "the resolver".to_owned(), at, source })?;
    up.push(Up { host: "resolver", at, zones: Vec::new() });
    Ok((up, resolver))
}

/// A resolver that reaches the servers where they stand here.
#[must_use]
pub fn options(port: u16) -> Options {
    let mut options = Options::new(hints());
    options.place = std::rc::Rc::new(move |address| {
        let site = (0_u8..).zip(&SITES).find(|(_, site)| IpAddr::V4(site.address) == address);
        site.map_or(SocketAddr::new(address, port), |(number, _)| place(number, port))
    });
    options
}

/// Puts the loopback address of each server in place of its address in the lab, in glue as well.
fn move_servers(zone: &mut Zone, port: u16) {
    let moved: Vec<(Name, u32, Ipv4Addr)> = zone.all().filter_map(|record| new_address(record, port)).collect();
    for (name, ttl, address) in moved {
        zone.set(&name, RecordType::A, vec![Record::from_rdata(name.clone(), ttl, RData::A(address.into()))]);
        zone.set(&name, RecordType::AAAA, Vec::new());
    }
}

fn new_address(record: &Record, port: u16) -> Option<(Name, u32, Ipv4Addr)> {
    let RData::A(address) = &record.data else { return None };
    let is_it = |site: &Site| site.address == address.0 && super::name(site.name).is_ok_and(|it| it == record.name);
    let (number, _) = (0_u8..).zip(&SITES).find(|(_, site)| is_it(site))?;
    match place(number, port).ip() {
        IpAddr::V4(new) => Some((record.name.clone(), record.ttl, new)),
        IpAddr::V6(_) => None,
    }
}
