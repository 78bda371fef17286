//! `lab up --acme-port`: the authority that gives certificates, and what is printed about it.
use std::fs::File;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::super::arguments::Up as Asked;
use super::files::shown;
use crate::net::host::HostNet;
use crate::services::acme::loopback::{self, Place};
use crate::services::dns::loopback::NotUp;
use crate::services::tls::{Authority, Ground};

/// More of a file of records is not read.
const MOST_BYTES: u64 = 1 << 20;

/// Starts it below the lab's authority; gives where it is.
pub(super) async fn start(
    net: &HostNet,
    by: (&Ground, &Authority),
    port: u16,
    seed: Option<u64>,
    asked: &Asked,
) -> Result<SocketAddr, NotUp> {
    let at = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let place = Place { at, port, http_port: asked.acme_http_port, tls_port: asked.acme_tls_port };
    let file = asked.acme_records.clone();
    let records = move || {
        let mut text = String::new();
        // No file yet, or one that is no text: no proofs.
        if let Some(file) = file.as_ref().and_then(|it| File::open(it).ok()) {
            drop(file.take(MOST_BYTES).read_to_string(&mut text));
        }
        text
    };
    loopback::start(net, by, place, seed, records).await
}

/// How clients get a certificate.
pub(super) fn told(at: SocketAddr, ca: &str, asked: &Asked) -> String {
    let (http, tls) = (asked.acme_http_port, asked.acme_tls_port);
    let directory = format!("https://localhost:{}/directory", at.port());
    let dns = asked.acme_records.as_ref().map_or_else(
        || "--acme-records FILE names a zone file for dns-01".to_owned(),
        |file| format!("dns-01 in {}", shown(file)),
    );
    format!(
        "\nThe lab gives certificates for names of .example, .test and .localhost, which are this machine to it. It looks for\n\
         proofs at port {http} (http-01) and {tls} (tls-alpn-01); {dns}:\n\n\
         \x20 {:<14} {:<18} {directory}\n\n\
         \x20 REQUESTS_CA_BUNDLE={ca} certbot certonly --standalone --http-01-port {http} --server {directory} -d www.shop.example\n\
         \x20 LEGO_CA_CERTIFICATES={ca} lego --server {directory} --email you@shop.example --accept-tos --domains www.shop.example --tls --tls.port :{tls} run\n",
        "acme",
        at.to_string(),
    )
}
