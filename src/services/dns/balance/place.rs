//! Where addresses are: the map that GeoDNS goes by.
use crate::services::dns::Subnet;

/// Subnets, each with the targets in the order of their distance from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    known: Vec<(Subnet, Vec<usize>)>,
    /// What an address gets that is in none of them.
    others: Vec<usize>,
    /// An answer is said to be for at most so large a subnet.
    finest: u8,
}

impl Places {
    /// The map, and what all other addresses get.
    #[must_use]
    pub fn new(known: Vec<(Subnet, Vec<usize>)>, others: Vec<usize>) -> Self {
        Self { known, others, finest: 0 }
    }

    /// Says of no answer that it is for a subnet larger than one of so many bits, though the map's are.
    #[must_use]
    pub const fn at_least(mut self, bits: u8) -> Self {
        self.finest = bits;
        self
    }

    /// The targets for a client, nearest first, and of how many bits of its address that depends: of as many as the map's
    /// longest entry for it has. Where part of that entry has one of its own, and outside of the map, it depends on all
    /// that is known (RFC 7871 §7.2.1).
    pub(super) fn nearest(&self, client: Subnet) -> (&[usize], u8) {
        let holds = self.known.iter().filter(|(subnet, _)| subnet.holds(client));
        match holds.max_by_key(|(subnet, _)| subnet.prefix()) {
            Some((subnet, order)) => {
                let divided = self.known.iter().any(|(it, _)| subnet.holds(*it) && it != subnet);
                (order, if divided { client.prefix() } else { subnet.prefix().max(self.finest) })
            }
            None => (&self.others, client.prefix()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str, prefix: u8) -> Subnet {
        Subnet::new(text.parse().expect("an address"), prefix)
    }

    #[test]
    fn the_longest_entry_decides_and_says_how_far_its_answer_holds() {
        let wide = (subnet("198.18.16.0", 20), vec![0, 1]);
        let exact = (subnet("198.18.17.0", 24), vec![1, 0]);
        let places = Places::new(vec![wide, exact], vec![2]);
        assert_eq!(places.nearest(subnet("198.18.16.0", 24)), (&[0, 1][..], 24), "part of the /20 has another answer");
        assert_eq!(places.nearest(subnet("198.18.17.0", 24)), (&[1, 0][..], 24));
        assert_eq!(places.nearest(subnet("203.0.113.0", 24)), (&[2][..], 24));
        let whole = Places::new(vec![(subnet("198.18.16.0", 20), vec![0, 1])], vec![2]);
        assert_eq!(whole.nearest(subnet("198.18.16.0", 24)), (&[0, 1][..], 20));
        assert_eq!(whole.at_least(24).nearest(subnet("198.18.16.0", 24)), (&[0, 1][..], 24));
    }
}
