//! Real protocol servers and clients, written once on the seam of [`crate::net`].
