//! The extensions of handshake messages: a type, a length, and what each kind has inside. RFC 8446 §4.2.
mod agreed;
mod offered;
mod session;

use super::names;
use crate::wire::quic;
use crate::wire::reader::{Reader, Words};
pub(super) use agreed::{authorities, status};
pub(super) use offered::signatures;

const TABLE: &str = "RFC 8446 §4.2";
const ALL_LENGTH: Words =
    Words::new("tls.handshake.extensions_length", "Extensions length", TABLE, "In bytes, all of them together.");
const EXTENSION: Words = Words::new(
    "tls.handshake.extension",
    "Extension",
    TABLE,
    "All that TLS learned since its first version: who does not know one leaves it aside.",
);
const TYPE: Words = Words::new("tls.handshake.extension.type", "Extension type", TABLE, "Which extension it is.");
const LENGTH: Words =
    Words::new("tls.handshake.extension.len", "Extension length", TABLE, "So that unknown ones can be stepped over.");
const DATA: Words = Words::new("tls.handshake.extension.data", "Extension data", TABLE, "What this extension says.");

/// More extensions than this are not taken apart.
const MOST: usize = 100;

/// The message an extension stands in: the same type says another thing in each. RFC 8446 §4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    ServerHello,
    Retry,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    Ticket,
}

impl Place {
    /// Whether it is a list of what the sender could do, from which the other end chooses.
    const fn offers(self) -> bool {
        matches!(self, Self::ClientHello | Self::CertificateRequest)
    }
}

/// Reads the extensions of a message, and the server's name, where one of them has it. `None` where a length does not fit.
pub(super) fn read(r: &mut Reader<'_>, place: Place) -> Option<Option<String>> {
    if r.left() == 0 {
        return Some(None);
    }
    let length = usize::from(r.u16(&ALL_LENGTH)?);
    r.within(length, &DATA, |r| {
        let mut name = None;
        for _ in 0..MOST {
            if r.left() == 0 {
                break;
            }
            let kind = u16::from_be_bytes(*r.ahead().first_chunk()?);
            let found = r.group(&EXTENSION, |r| extension(r, place));
            r.says(names::extension(kind));
            name = name.or(found?);
        }
        Some(name)
    })?
}

fn extension(r: &mut Reader<'_>, place: Place) -> Option<Option<String>> {
    let kind = r.u16(&TYPE)?;
    r.means(names::extension(kind));
    if let Some(why) = names::extension_why(kind) {
        r.because(why);
    }
    let length = usize::from(r.u16(&LENGTH)?);
    if length == 0 {
        r.means("nothing follows: that it is here says all");
    }
    let read = r.within(length, &DATA, |r| if r.left() == 0 { Some(None) } else { content(r, kind, place) })?;
    if read.is_none() {
        let here = r.position();
        r.problem(here.saturating_sub(length)..here, format_args!("{}: a length does not fit", names::extension(kind)));
    }
    Some(read.flatten())
}

/// What is inside; `None` where a length does not fit, and what is left is then shown as it is.
fn content(r: &mut Reader<'_>, kind: u16, place: Place) -> Option<Option<String>> {
    match kind {
        0 if place == Place::ClientHello => return offered::server_name(r),
        1 => offered::fragment_length(r),
        5 if place == Place::Certificate => status(r),
        5 if place.offers() => offered::status_request(r),
        10 => offered::groups(r),
        11 => offered::point_formats(r),
        13 | 50 => signatures(r),
        16 => offered::protocols(r),
        18 => crate::wire::x509::timestamps(r),
        21 => offered::padding(r),
        27 => offered::compressions(r),
        28 => offered::record_limit(r),
        35 => session::ticket(r),
        41 if place == Place::ClientHello => session::identities(r),
        41 => session::selected(r),
        42 if place == Place::Ticket => session::most_early_data(r),
        43 => offered::versions(r, place.offers()),
        44 => agreed::cookie(r),
        45 => session::modes(r),
        47 => authorities(r),
        51 if place == Place::Retry => agreed::retry_group(r),
        51 => agreed::shares(r, place.offers()),
        57 => quic::parameters::read(r),
        0xff01 => agreed::renegotiation(r),
        _ => Some(()),
    }?;
    Some(None)
}
