//! TLS 1.3 inside QUIC (RFC 9001): the configurations of both ends, on the same ground as TLS over TCP.
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ServerConfig};

use super::Version;
use super::authority::Identity;
use super::client::{Client, ClientOptions};
use super::error::TlsError;
use super::ground::Ground;
use super::server::{Clients, Server, ServerOptions};

/// RFC 9001 §4.6.1: over QUIC a ticket says "early data" with this value and no other; QUIC itself limits how much.
const EARLY_DATA: u32 = u32::MAX;

impl Ground {
    /// What a QUIC client wants to know of TLS: whom it trusts and which protocols it speaks (ALPN). It keeps tickets,
    /// and sends early data where a ticket allows it.
    ///
    /// # Errors
    /// When a certificate cannot be read.
    pub(in crate::services) fn quic_client(
        &self,
        trusted: &[CertificateDer<'static>],
        protocols: &[&[u8]],
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let version = Some(Version::Tls13);
        let options = ClientOptions { protocols, version, early_data: true, ..ClientOptions::default() };
        Ok(Client::with(self, trusted, options)?.config)
    }

    /// What a QUIC server wants to know of TLS; `early` lets its tickets allow early data, `clients` says who they have to be.
    ///
    /// # Errors
    /// When key and certificate do not fit.
    pub(in crate::services) fn quic_server(
        &self,
        identity: Identity,
        protocols: &[&[u8]],
        early: bool,
        clients: Clients,
    ) -> Result<Arc<ServerConfig>, TlsError> {
        let (version, early_data) = (Some(Version::Tls13), if early { EARLY_DATA } else { 0 });
        let options = ServerOptions { protocols, version, early_data, clients, ..ServerOptions::default() };
        Ok(Server::with(self, identity, options)?.config)
    }
}
