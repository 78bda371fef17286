//! The messages that end a handshake and come after it: Finished, NewSessionTicket, KeyUpdate. RFC 8446 §4.4.4, §4.6.
use super::extensions::{self, Place};
use crate::wire::reader::{Reader, Words};

const VERIFY_DATA: Words = Words::new(
    "tls.handshake.verify_data",
    "Verify data",
    "RFC 8446 §4.4.4",
    "An HMAC over all messages so far, with a key only the two ends have: had anybody changed a byte of them, even of those \
     in the clear, this would not fit.",
);
const TICKET: &str = "RFC 8446 §4.6.1";
const LIFETIME: Words = Words::new(
    "tls.handshake.session_ticket_lifetime_hint",
    "Lifetime",
    TICKET,
    "Seconds for which the ticket may be used; seven days at the most.",
);
const AGE_ADD: Words = Words::new(
    "tls.handshake.session_ticket_age_add",
    "Age add",
    TICKET,
    "The client adds it to the ticket's age when it brings the ticket back, so that nobody else can tell how old it is.",
);
const NONCE_LENGTH: Words =
    Words::new("tls.handshake.session_ticket_nonce_length", "Nonce length", TICKET, "In bytes.");
const NONCE: Words = Words::new(
    "tls.handshake.session_ticket_nonce",
    "Nonce",
    TICKET,
    "Goes into the key that belongs to this ticket: each ticket of a connection has another key.",
);
const TICKET_LENGTH: Words = Words::new("tls.handshake.session_ticket_length", "Ticket length", TICKET, "In bytes.");
const THE_TICKET: Words = Words::new(
    "tls.handshake.session_ticket",
    "Ticket",
    TICKET,
    "Whoever brings it back resumes this session. Inside is either all the server must know, sealed with a key of its own, or \
     a number in its store.",
);
const REQUEST_UPDATE: Words = Words::new(
    "tls.handshake.key_update.request_update",
    "Request update",
    "RFC 8446 §4.6.3",
    "This end's next record is sealed with the next key; 1 asks the other end to do the same.",
);

/// RFC 8446 §4.4.4; RFC 5246 §7.4.9.
pub(super) fn read(r: &mut Reader<'_>) -> Option<()> {
    let length = r.left();
    r.rest(&VERIFY_DATA);
    r.means(format_args!("{length} bytes"));
    Some(())
}

/// RFC 8446 §4.6.1; in TLS 1.2 a lifetime and a ticket only (RFC 5077 §3.3).
pub(super) fn ticket(r: &mut Reader<'_>, is_13: bool) -> Option<()> {
    let lifetime = r.u32(&LIFETIME)?;
    r.means(format_args!("seconds: {} h", lifetime / 3600));
    if is_13 {
        r.u32(&AGE_ADD)?;
        let nonce = usize::from(r.u8(&NONCE_LENGTH)?);
        r.raw(&NONCE, nonce)?;
    }
    let length = usize::from(r.u16(&TICKET_LENGTH)?);
    r.raw(&THE_TICKET, length)?;
    if is_13 {
        extensions::read(r, Place::Ticket)?;
    }
    Some(())
}

/// RFC 8446 §4.6.3.
pub(super) fn update(r: &mut Reader<'_>) -> Option<()> {
    let asked = r.u8(&REQUEST_UPDATE)?;
    r.means(if asked == 1 { "requested" } else { "not requested" });
    Some(())
}
