//! What the descriptions of a host and of a station outside have in common: a place, addresses, routers.

/// The calls that say where it stands and which addresses and routers it has, for a builder with the fields `place`,
/// `networks` and `gateways`.
macro_rules! place_and_addresses {
    () => {
        /// Where it stands on the topology's grid: column and row from the top left.
        #[must_use]
        pub const fn at(mut self, column: u8, row: u8) -> Self {
            self.place = (column, row);
            self
        }

        /// An address with the prefix of its network: `10.0.0.1/24`, `2001:db8:1::10/64`. Call it once for each; with an IPv6
        /// address comes a link-local one made from the MAC.
        ///
        /// # Panics
        /// When the text is no such address.
        #[must_use]
        pub fn address(mut self, address: &str) -> Self {
            self.networks.push(network(address));
            self
        }

        /// The router that gets what goes to other networks; one for each family.
        ///
        /// # Panics
        /// When the text is no address.
        #[must_use]
        pub fn gateway(mut self, address: &str) -> Self {
            self.gateways.push(super::address(address));
            self
        }
    };
}
