//! The terminal: keys -> action -> update -> effects as values; views take `&` and return nothing.
