//! Extensions of resumption: tickets, pre-shared keys, early data. RFC 8446 §2.2, §4.2.9 to §4.2.11.
use crate::wire::reader::{Reader, Words};

const PSK: &str = "RFC 8446 §4.2.11";
const IDENTITIES_LENGTH: Words =
    Words::new("tls.handshake.extensions.psk.identities.length", "Identities length", PSK, "In bytes.");
const IDENTITY_GROUP: Words = Words::new(
    "tls.handshake.extensions.psk.identity",
    "Identity",
    PSK,
    "A key both ends may share from before. If the server takes it, it need show no certificate.",
);
const IDENTITY_LENGTH: Words =
    Words::new("tls.handshake.extensions.psk.identity.identity_length", "Identity length", PSK, "In bytes.");
const IDENTITY: Words = Words::new(
    "tls.handshake.extensions.psk.identity.identity",
    "Ticket",
    PSK,
    "As the server gave it in a New Session Ticket; to the client it is a word without meaning. It is readable on the way, \
     so who uses one twice can be told to be the same client.",
);
const AGE: Words = Words::new(
    "tls.handshake.extensions.psk.identity.obfuscated_ticket_age",
    "Obfuscated ticket age",
    "RFC 8446 §4.2.11.1",
    "Milliseconds since the ticket came, plus a secret number that came with it, so that nobody on the way can link tickets by \
     their age. A server that sees an age far from its own count refuses early data: it may be a replay.",
);
const BINDERS_LENGTH: Words =
    Words::new("tls.handshake.extensions.psk.binders_len", "Binders length", PSK, "In bytes.");
const BINDERS: Words = Words::new(
    "tls.handshake.extensions.psk.binders",
    "Binders",
    "RFC 8446 §4.2.11.2",
    "One for each identity; they come last, because they cover all of this hello before them.",
);
const BINDER_LENGTH: Words =
    Words::new("tls.handshake.extensions.psk.binder_len", "Binder length", PSK, "In bytes: that of the hash.");
const BINDER: Words = Words::new(
    "tls.handshake.extensions.psk.binder",
    "Binder",
    "RFC 8446 §4.2.11.2",
    "An HMAC over this hello with a key made of the shared one: it proves that the client has the key, not only its name.",
);
const SELECTED: Words = Words::new(
    "tls.handshake.extensions.psk.identity.selected",
    "Selected identity",
    PSK,
    "Which of the client's keys the server takes, counted from 0: so this handshake resumes an earlier one, without certificate.",
);

const MODES_LENGTH: Words =
    Words::new("tls.extension.psk_ke_modes_length", "Modes length", "RFC 8446 §4.2.9", "In bytes, one each.");
const MODE: Words = Words::new(
    "tls.extension.psk_ke_mode",
    "Mode",
    "RFC 8446 §4.2.9",
    "Whether a resumed handshake makes a new key exchange as well: with one, who steals the ticket's key later reads nothing old.",
);
const MOST_EARLY: Words = Words::new(
    "tls.early_data.max_early_data_size",
    "Most early data",
    "RFC 8446 §4.2.10",
    "So many bytes may be sent with this ticket before the server has answered (0-RTT).",
);
const TICKET: Words = Words::new(
    "tls.handshake.extension.data",
    "Session ticket",
    "RFC 5077 §3.2",
    "TLS 1.2: what the server gave the client to bring back; empty says that the client would like one.",
);

/// How many keys a hello may offer before the rest is not taken apart.
const MOST: usize = 20;

pub(super) fn identities(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u16(&IDENTITIES_LENGTH)?);
    r.within(length, &IDENTITY, |r| {
        for _ in 0..MOST {
            if r.left() == 0 {
                break;
            }
            r.group(&IDENTITY_GROUP, identity)?;
        }
        Some(())
    })??;
    let length = usize::from(r.u16(&BINDERS_LENGTH)?);
    if length > r.left() {
        return None;
    }
    r.group(&BINDERS, |r| {
        r.within(length, &BINDER, |r| {
            for _ in 0..MOST {
                if r.left() == 0 {
                    break;
                }
                let length = usize::from(r.u8(&BINDER_LENGTH)?);
                r.raw(&BINDER, length)?;
            }
            Some(())
        })?
    })
}

fn identity(r: &mut Reader<'_>) -> Option<()> {
    let length = usize::from(r.u16(&IDENTITY_LENGTH)?);
    r.raw(&IDENTITY, length)?;
    r.u32(&AGE)?;
    Some(())
}

pub(super) fn selected(r: &mut Reader<'_>) -> Option<()> {
    r.u16(&SELECTED)?;
    Some(())
}

pub(super) fn modes(r: &mut Reader<'_>) -> Option<()> {
    r.u8(&MODES_LENGTH)?;
    while r.left() > 0 {
        let mode = r.u8(&MODE)?;
        r.means(match mode {
            0 => "the shared key alone",
            1 => "the shared key and a new key exchange",
            _ => "another",
        });
    }
    Some(())
}

pub(super) fn most_early_data(r: &mut Reader<'_>) -> Option<()> {
    r.u32(&MOST_EARLY)?;
    r.means("bytes");
    Some(())
}

pub(super) fn ticket(r: &mut Reader<'_>) -> Option<()> {
    r.rest(&TICKET);
    Some(())
}
