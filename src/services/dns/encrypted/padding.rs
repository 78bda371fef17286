//! Padding (RFC 7830): encryption hides what a message says, its length still tells which one it may be.
use hickory_proto::op::{Edns, Message};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

/// A padded query has a multiple of so many bytes (RFC 8467 §4.1).
pub const QUERY_BLOCK: usize = 128;
/// A padded answer has a multiple of so many bytes (RFC 8467 §4.1).
pub const ANSWER_BLOCK: usize = 468;
/// The option's number (RFC 7830 §3).
const PADDING: u16 = 12;
/// What EDNS says of UDP; it says nothing here.
const EDNS_UDP: u16 = 1232;

/// The query with padding, as bytes; `None` when it cannot be encoded.
#[must_use]
pub fn padded_query(mut query: Message) -> Option<Vec<u8>> {
    query.edns.get_or_insert_with(|| {
        let mut edns = Edns::new();
        edns.set_max_payload(EDNS_UDP);
        edns
    });
    padded(query, QUERY_BLOCK)
}

/// The answer with padding where the query came with some: then it must (RFC 7830 §4).
pub(super) fn padded_answer(query: &[u8], answer: Vec<u8>) -> Vec<u8> {
    let asks = Message::from_vec(query).is_ok_and(|it| it.edns.is_some_and(|edns| has(&edns)));
    if !asks {
        return answer;
    }
    let read = Message::from_vec(&answer).ok().filter(|it| it.edns.is_some());
    read.and_then(|it| padded(it, ANSWER_BLOCK)).unwrap_or(answer)
}

fn has(edns: &Edns) -> bool {
    edns.option(EdnsCode::from(PADDING)).is_some()
}

fn padded(mut message: Message, block: usize) -> Option<Vec<u8>> {
    let set = |message: &mut Message, bytes: usize| {
        let options = message.edns.as_mut()?.options_mut();
        options.remove(EdnsCode::from(PADDING));
        options.insert(EdnsOption::Unknown(PADDING, vec![0; bytes]));
        message.to_vec().ok()
    };
    let least = set(&mut message, 0)?;
    // What would grow over what a length can say stays as it is (RFC 8467 §3).
    let missing = least.len().next_multiple_of(block).min(usize::from(u16::MAX)).checked_sub(least.len())?;
    if missing == 0 { Some(least) } else { set(&mut message, missing) }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::TXT;
    use hickory_proto::rr::{RData, Record, RecordType};

    use super::*;
    use crate::services::dns::{name, query};

    fn asked(label: usize) -> Message {
        let name = name(&format!("{}.example", "a".repeat(label))).expect("a name");
        query(&name, RecordType::A, 0)
    }

    #[test]
    fn every_query_becomes_a_multiple_of_its_block() {
        let lengths: Vec<usize> = (1..=63).map(|label| padded_query(asked(label)).expect("it encodes").len()).collect();
        assert!(lengths.iter().all(|it| *it == 128), "{lengths:?}");
        let long = name(&format!("{0}.{0}.{0}.example", "a".repeat(60))).expect("a name");
        assert_eq!(padded_query(query(&long, RecordType::A, 0)).expect("it encodes").len(), 256);
    }

    #[test]
    fn an_answer_is_padded_only_where_the_query_was() {
        let plain = asked(3);
        let padded = Message::from_vec(&padded_query(plain.clone()).expect("it encodes")).expect("it decodes");
        let mut reply = Message::response(0, hickory_proto::op::OpCode::Query);
        reply.add_queries(plain.queries.clone());
        reply.set_edns(Edns::new());
        let length = |texts: usize, query: &Message| {
            let mut reply = reply.clone();
            let owner = reply.queries[0].name.clone();
            let text = RData::TXT(TXT::new(vec!["x".repeat(200)]));
            reply.add_answers((0..texts).map(|_| Record::from_rdata(owner.clone(), 1, text.clone())));
            let bytes = reply.to_vec().expect("it encodes");
            (bytes.len(), padded_answer(&query.to_vec().expect("it encodes"), bytes).len())
        };
        assert_eq!((length(0, &padded).1, length(1, &padded).1, length(2, &padded).1), (468, 468, 936));
        let (before, after) = length(1, &plain);
        assert_eq!(before, after);
        assert!(length(290, &padded).1 <= usize::from(u16::MAX));
    }

    #[test]
    fn what_is_no_message_stays_as_it_is() {
        assert_eq!(padded_answer(b"", vec![1, 2]), [1, 2]);
        let query = padded_query(asked(3)).expect("it encodes");
        assert_eq!(padded_answer(&query, vec![1, 2]), [1, 2]);
    }
}
