//! What TLS's numbers are called. IANA's registries of TLS parameters; RFC 8446 §B.

pub(super) const fn content(kind: u8) -> &'static str {
    match kind {
        20 => "Change Cipher Spec",
        21 => "Alert",
        22 => "Handshake",
        23 => "Application Data",
        _ => "no content type that is known",
    }
}

pub(super) const fn version(version: u16) -> &'static str {
    match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        // RFC 8701: values that mean nothing, sent so that nobody breaks on new ones.
        it if it & 0x0f0f == 0x0a0a => "GREASE: means nothing",
        _ => "no version that is known",
    }
}

/// RFC 8446 §4; `None` for what is no handshake message.
pub(super) const fn handshake(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "Hello Request",
        1 => "Client Hello",
        2 => "Server Hello",
        4 => "New Session Ticket",
        5 => "End of Early Data",
        8 => "Encrypted Extensions",
        11 => "Certificate",
        12 => "Server Key Exchange",
        13 => "Certificate Request",
        14 => "Server Hello Done",
        15 => "Certificate Verify",
        16 => "Client Key Exchange",
        20 => "Finished",
        22 => "Certificate Status",
        24 => "Key Update",
        _ => return None,
    })
}

pub(super) const fn suite(suite: u16) -> &'static str {
    match suite {
        0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        0x5600 => "TLS_FALLBACK_SCSV",
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        0xcca8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        0xcca9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        it if it & 0x0f0f == 0x0a0a => "GREASE: means nothing",
        _ => "another suite",
    }
}

pub(super) const fn group(group: u16) -> &'static str {
    match group {
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        29 => "x25519",
        30 => "x448",
        4588 => "X25519MLKEM768",
        it if it & 0x0f0f == 0x0a0a => "GREASE: means nothing",
        _ => "another group",
    }
}

pub(super) const fn extension(kind: u16) -> &'static str {
    match kind {
        0 => "server_name",
        5 => "status_request",
        10 => "supported_groups",
        11 => "ec_point_formats",
        13 => "signature_algorithms",
        16 => "application_layer_protocol_negotiation",
        18 => "signed_certificate_timestamp",
        1 => "max_fragment_length",
        28 => "record_size_limit",
        48 => "oid_filters",
        49 => "post_handshake_auth",
        57 => "quic_transport_parameters",
        21 => "padding",
        22 => "encrypt_then_mac",
        23 => "extended_master_secret",
        27 => "compress_certificate",
        35 => "session_ticket",
        41 => "pre_shared_key",
        42 => "early_data",
        43 => "supported_versions",
        44 => "cookie",
        45 => "psk_key_exchange_modes",
        47 => "certificate_authorities",
        50 => "signature_algorithms_cert",
        51 => "key_share",
        0xfe0d => "encrypted_client_hello",
        0xff01 => "renegotiation_info",
        it if it & 0x0f0f == 0x0a0a => "GREASE: means nothing",
        _ => "another extension",
    }
}

/// Why an extension exists, where its content does not say so.
pub(super) const fn extension_why(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0 => {
            "One address has many sites: the client names the one it wants. A server that answers with it has used it."
        }
        5 => "Asks for the certificate's status to be sent along, so that the client need not ask the authority.",
        10 => "In which groups keys can be exchanged.",
        13 => "Which signatures can be checked.",
        16 => "Which protocol is spoken inside is agreed on here (ALPN).",
        18 => "Proofs that the certificate stands in public logs (Certificate Transparency).",
        22 => "TLS 1.2 with CBC: seals after encrypting, not before. TLS 1.3 has no need of it.",
        23 => "TLS 1.2: the keys depend on the whole handshake, so that two connections cannot be made to share them.",
        35 => "TLS 1.2: resumption by a ticket that the server need not remember.",
        41 => "Offers keys of earlier connections, or says which was taken: a resumed handshake.",
        42 => {
            "0-RTT: the client sends data before the server has answered, or the server says that it reads it. Such data can be \
               replayed."
        }
        43 => "The true versions; the field before is frozen.",
        44 => "A server that keeps no state gets its own words back.",
        45 => "How a resumed handshake makes its keys. Without it the server gives no tickets.",
        49 => "The client can be asked for a certificate after the handshake, too.",
        51 => "The key exchange itself.",
        57 => {
            "The limits and identifiers of a QUIC connection travel inside its TLS handshake, so that they cannot be changed."
        }
        0xfe0d => "The true hello, encrypted to the server, inside of one that says little.",
        0xff01 => "TLS 1.2: binds a handshake to the one before it on the same connection.",
        _ => return None,
    })
}

/// What a handshake message is there for.
pub(super) const fn handshake_why(kind: u8) -> &'static str {
    match kind {
        0 => "TLS 1.2: the server asks for a new handshake.",
        1 => {
            "The client begins: what it can, a random number, and with TLS 1.3 its half of the key exchange on a guess."
        }
        2 => "The server chooses and sends its half: from here on TLS 1.3 encrypts.",
        4 => "A ticket with which this session can be resumed later, without certificate and signature.",
        5 => "The client's early data is over: what follows is sealed with the handshake key.",
        8 => "The server's answers to extensions that need not be readable on the way.",
        11 => "Who this end is: its certificate, and those that lead to an authority.",
        12 => "TLS 1.2: the server's half of the key exchange, signed, for this connection only.",
        13 => "The server wants the client to prove who it is, too (mTLS).",
        14 => "TLS 1.2: the server's flight is over, it is the client's turn.",
        15 => "The proof that this end has the key of its certificate: a signature over the handshake.",
        16 => "TLS 1.2: the client's half of the key exchange.",
        20 => "Nothing of the handshake was changed on the way, and the other end has the same keys.",
        22 => "TLS 1.2: the status of the server's certificate, fetched by the server itself.",
        24 => "The sender's next records are sealed with a new key.",
        _ => "One step in agreeing on keys and proving names.",
    }
}

/// IANA's TLS SignatureScheme registry; RFC 8446 §4.2.3.
pub(super) const fn signature(scheme: u16) -> &'static str {
    match scheme {
        0x0201 => "rsa_pkcs1_sha1",
        0x0203 => "ecdsa_sha1",
        0x0401 => "rsa_pkcs1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0809 => "rsa_pss_pss_sha256",
        0x080a => "rsa_pss_pss_sha384",
        0x080b => "rsa_pss_pss_sha512",
        0x0904 => "mldsa44",
        0x0905 => "mldsa65",
        0x0906 => "mldsa87",
        it if it & 0x0f0f == 0x0a0a => "GREASE: means nothing",
        _ => "another algorithm",
    }
}

/// IANA's registry of ALPN protocol IDs.
pub(super) const fn protocol(name: &[u8]) -> &'static str {
    match name {
        b"h2" => "HTTP/2 over TLS",
        b"http/1.1" => "HTTP/1.1",
        b"http/1.0" => "HTTP/1.0",
        b"h3" => "HTTP/3",
        b"dot" => "DNS over TLS",
        b"doq" => "DNS over QUIC",
        b"acme-tls/1" => "a proof for an ACME authority (RFC 8737)",
        _ => "",
    }
}

/// What a key share of that group is made of.
pub(super) const fn share(group: u16, of_client: bool) -> Option<&'static str> {
    match (group, of_client) {
        // draft-ietf-tls-ecdhe-mlkem: the lattice's part first.
        (4588, true) => Some("1184 bytes of ML-KEM-768, then 32 of X25519"),
        (4588, false) => Some("1088 bytes of ML-KEM-768, then 32 of X25519"),
        _ => None,
    }
}
