//! A resolver that this host is given, by its address or by the system's settings, asked by hickory-resolver: as the programs
//! of this host ask it.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
    ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};

use super::{PORT, Transport};

/// How long one attempt takes at most, over all servers; resolv.conf(5) would have 5 seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Attempts beside the first.
const AGAIN: usize = 1;
/// Servers that are asked; resolv.conf(5) takes as many (MAXNS).
const MOST: usize = 3;

/// One or more resolvers, as a host's settings name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    servers: Vec<SocketAddr>,
}

/// What a resolver said.
#[derive(Clone, Debug)]
pub enum Said {
    /// The records, aliases on the way among them.
    Records(Vec<Record>),
    /// NXDOMAIN, for so many seconds.
    NoName(Option<u32>),
    /// No error and no such records, for so many seconds.
    NoData(Option<u32>),
    /// A code that is no answer: REFUSED, SERVFAIL.
    Refused(ResponseCode),
    /// Nothing in time.
    Silent,
    /// The system's word about it: no route, nobody at that port.
    Failed(String),
}

impl Given {
    /// The resolver at an address.
    #[must_use]
    pub fn at(server: SocketAddr) -> Self {
        Self { servers: vec![server] }
    }

    /// The resolvers of this host's settings; on most systems /etc/resolv.conf.
    ///
    /// # Errors
    /// When there are none, or they cannot be read.
    pub fn by_system() -> io::Result<Self> {
        let (config, _) = hickory_resolver::system_conf::read_system_conf().map_err(io::Error::other)?;
        let address = |it: &NameServerConfig| SocketAddr::new(it.ip, PORT);
        Ok(Self { servers: config.name_servers().iter().map(address).take(MOST).collect() })
    }

    /// Who is asked, in order.
    #[must_use]
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// Makes ready to ask: nothing is sent yet. Must be called within [`crate::net::host::HostNet::run`].
    ///
    /// # Errors
    /// What the library says.
    pub fn ready(&self, transport: Transport) -> Result<Ready, String> {
        let config = ResolverConfig::from_name_servers(self.servers.iter().map(|at| server(*at, transport)).collect());
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options();
        builder.build().map(Ready).map_err(|error| error.to_string())
    }

    /// Makes ready and asks for a name; see [`Ready::look_up`].
    pub async fn look_up(&self, name: &Name, kind: RecordType, transport: Transport) -> Said {
        match self.ready(transport) {
            Ok(ready) => ready.look_up(name, kind).await,
            Err(why) => Said::Failed(why),
        }
    }
}

/// A resolver that can be asked at once.
pub struct Ready(TokioResolver);

impl Ready {
    /// Asks for a name: nothing is taken from a cache or from the hosts file.
    pub async fn look_up(&self, name: &Name, kind: RecordType) -> Said {
        match self.0.lookup(name.clone(), kind).await {
            Ok(found) => Said::Records(found.answers().to_vec()),
            Err(error) => said(error),
        }
    }
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = PATIENCE;
    options.attempts = AGAIN;
    options.cache_size = 0;
    options.num_concurrent_reqs = 1;
    options.use_hosts_file = ResolveHosts::Never;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    options
}

/// UDP, and TCP for what does not fit; or TCP alone.
fn server(at: SocketAddr, transport: Transport) -> NameServerConfig {
    let way = |protocol: ProtocolConfig| {
        let mut way = ConnectionConfig::new(protocol);
        way.port = at.port();
        way
    };
    let mut ways = vec![way(ProtocolConfig::Tcp)];
    if transport == Transport::Udp {
        ways.insert(0, way(ProtocolConfig::Udp));
    }
    NameServerConfig::new(at.ip(), true, ways)
}

/// What the library's error says.
fn said(error: NetError) -> Said {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            let ttl = none.negative_ttl;
            match none.response_code {
                ResponseCode::NXDomain => Said::NoName(ttl),
                ResponseCode::NoError => Said::NoData(ttl),
                code => Said::Refused(code),
            }
        }
        NetError::Dns(DnsError::ResponseCode(code)) => Said::Refused(code),
        NetError::Timeout | NetError::NoConnections => Said::Silent,
        NetError::Io(error) if error.kind() == io::ErrorKind::TimedOut => Said::Silent,
        NetError::Io(error) => Said::Failed(error.to_string()),
        other => Said::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Net as _;
    use crate::net::host::HostNet;
    use crate::services::dns::{Authority, loopback, name, serve};

    fn asked(given: impl FnOnce(u16) -> Given, text: &str, kind: RecordType) -> Said {
        let asked = name(text).expect("a name");
        let said = HostNet::run(async |net| {
            for _ in 0..8 {
                let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback").local_addr().expect("bound");
                if loopback::start(&net, free.port(), 1).await.is_ok() {
                    return given(free.port()).look_up(&asked, kind, Transport::Udp).await;
                }
            }
            panic!("no port is free");
        });
        said.expect("an event queue")
    }

    fn own(port: u16) -> Given {
        Given::at(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[test]
    fn the_labs_resolver_is_asked_by_hickory_and_every_kind_of_answer_is_told_apart() {
        let Said::Records(records) = asked(own, "static.shop.example", RecordType::A) else { panic!("records") };
        assert_eq!(records.len(), 4, "two aliases and two addresses: {records:?}");
        let Said::Records(long) = asked(own, "big.shop.example", RecordType::TXT) else { panic!("over TCP") };
        assert_eq!(long.len(), 5);
        assert!(matches!(asked(own, "nobody.shop.example", RecordType::A), Said::NoName(Some(_))));
        assert!(matches!(asked(own, "www.shop.example", RecordType::MX), Said::NoData(Some(_))));
        let lame = asked(own, "www.lame.example", RecordType::A);
        assert!(matches!(lame, Said::Refused(ResponseCode::ServFail)), "{lame:?}");
    }

    #[test]
    fn a_server_that_is_no_resolver_refuses() {
        let said = HostNet::run(async |net| {
            let at = serve(&net, SocketAddr::from(([127, 0, 0, 1], 0)), Authority::new(Vec::new())).await;
            let given = Given::at(at.expect("loopback"));
            given.look_up(&name("www.shop.example").expect("a name"), RecordType::A, Transport::Udp).await
        });
        let said = said.expect("an event queue");
        assert!(matches!(said, Said::Refused(ResponseCode::Refused)), "{said:?}");
    }

    #[test]
    fn silence_and_a_closed_port_are_no_answers() {
        let said = HostNet::run(async |net| {
            let socket = net.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("loopback");
            let at = crate::net::Datagrams::local(&socket).expect("bound");
            let asked = name("www.shop.example").expect("a name");
            let silent = Given::at(at).look_up(&asked, RecordType::A, Transport::Udp).await;
            drop(socket);
            (silent, Given::at(at).look_up(&asked, RecordType::A, Transport::Udp).await)
        });
        let (silent, closed) = said.expect("an event queue");
        assert!(matches!(silent, Said::Silent), "{silent:?}");
        assert!(matches!(closed, Said::Silent | Said::Failed(_)), "{closed:?}");
    }
}
