//! What a node does when it is given a frame or the time: frames out of its interfaces, and events worth recording.
use crate::recording::EventKind;

/// A frame on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) interface: usize,
    pub(crate) frame: Vec<u8>,
    /// Why it is sent, where that is known.
    pub(crate) reason: Option<String>,
}

/// Frames and events, in order.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) frames: Vec<Outgoing>,
    pub(crate) events: Vec<EventKind>,
}

impl Output {
    pub(crate) fn send(&mut self, interface: usize, frame: Vec<u8>, reason: Option<String>) {
        self.frames.push(Outgoing { interface, frame, reason });
    }

    pub(crate) fn decide(&mut self, text: String) {
        self.events.push(EventKind::Decision { text });
    }
}
