//! What QUIC's numbers are called. IANA's registries of QUIC.

/// RFC 9000 §15, RFC 9369 §3.
pub(super) const fn version(version: u32) -> &'static str {
    match version {
        0 => "Version Negotiation",
        1 => "QUIC version 1",
        0x6b33_43cf => "QUIC version 2",
        // RFC 9000 §6.3.
        it if it & 0x0f0f_0f0f == 0x0a0a_0a0a => "reserved: exercises version negotiation",
        it if it >> 8 == 0x00ff_0000 => "a draft of version 1",
        _ => "no version that is known",
    }
}

/// RFC 9000 §20.1; those of TLS carry its alert in their low byte (RFC 9001 §4.8).
pub(super) const fn error(code: u64) -> &'static str {
    match code {
        0x00 => "NO_ERROR",
        0x01 => "INTERNAL_ERROR",
        0x02 => "CONNECTION_REFUSED",
        0x03 => "FLOW_CONTROL_ERROR",
        0x04 => "STREAM_LIMIT_ERROR",
        0x05 => "STREAM_STATE_ERROR",
        0x06 => "FINAL_SIZE_ERROR",
        0x07 => "FRAME_ENCODING_ERROR",
        0x08 => "TRANSPORT_PARAMETER_ERROR",
        0x09 => "CONNECTION_ID_LIMIT_ERROR",
        0x0a => "PROTOCOL_VIOLATION",
        0x0b => "INVALID_TOKEN",
        0x0c => "APPLICATION_ERROR",
        0x0d => "CRYPTO_BUFFER_EXCEEDED",
        0x0e => "KEY_UPDATE_ERROR",
        0x0f => "AEAD_LIMIT_REACHED",
        0x10 => "NO_VIABLE_PATH",
        0x11 => "VERSION_NEGOTIATION_ERROR",
        0x100..=0x1ff => "CRYPTO_ERROR",
        _ => "no error that is known",
    }
}
