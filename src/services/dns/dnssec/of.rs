//! The data of a record, where it is one of DNSSEC's.
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, NSEC3, RRSIG};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

macro_rules! of {
    ($name:ident, $kind:ident) => {
        /// Its data, when the record is of this type.
        pub(in crate::services::dns) const fn $name(record: &Record) -> Option<&$kind> {
            match &record.data {
                RData::DNSSEC(DNSSECRData::$kind(data)) => Some(data),
                _ => None,
            }
        }
    };
}

of!(dnskey, DNSKEY);
of!(ds, DS);
of!(nsec, NSEC);
of!(nsec3, NSEC3);
of!(rrsig, RRSIG);

/// Where all names below the owner lead, when the record is a DNAME (RFC 6672 §2.1); its name is never compressed (§2.5).
pub(in crate::services::dns) fn dname(record: &Record) -> Option<Name> {
    let RData::Unknown { code: RecordType::DNAME, rdata } = &record.data else { return None };
    let mut data = BinDecoder::new(&rdata.anything);
    Name::read(&mut data).ok().filter(|_| data.is_empty())
}
