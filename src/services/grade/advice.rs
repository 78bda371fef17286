//! What each behaviour means in practice, and what to look for in a server that does not have it.
use crate::services::grade::Behaviour;

pub(super) struct Advice {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    pub(super) why: &'static str,
    pub(super) look_for: &'static str,
}

pub(super) const fn of(behaviour: Behaviour) -> &'static Advice {
    match behaviour {
        Behaviour::PartialReads => &PARTIAL_READS,
        Behaviour::LargeTransfer => &LARGE_TRANSFER,
        Behaviour::HalfClose => &HALF_CLOSE,
        Behaviour::EndOfFile => &END_OF_FILE,
        Behaviour::Reset => &RESET,
        Behaviour::Concurrent => &CONCURRENT,
        Behaviour::IdleTimeout => &IDLE_TIMEOUT,
    }
}

const PARTIAL_READS: Advice = Advice {
    name: "partial-reads",
    expected: "echoes every byte, however the stream is cut into pieces",
    why: "TCP carries a stream of bytes, not messages. One recv may return a part of what one send took, or several sends \
          together: segments, buffers and timing decide. On loopback one send mostly arrives as one recv, so the mistake \
          stays hidden until there is a real network.",
    look_for: "A recv that is taken for a whole message: a check of its length, waiting for a newline or a full buffer \
               before answering, or a single recv per connection. Echo exactly the bytes each recv returned, in a loop.",
};

const LARGE_TRANSFER: Advice = Advice {
    name: "large-transfer",
    expected: "echoes 1 MB to a client that reads slowly, and loses nothing",
    why: "A send buffer holds some tens or hundreds of kilobytes. While the client does not read, its window closes and the \
          buffer stays full; send then takes only a part of what it is given, or waits. Small tests never fill the buffer.",
    look_for: "The result of send or write: it says how many bytes were taken. Send the rest in a loop (write_all, sendall, \
               a loop over the offset). A non-blocking server must keep the rest and wait until the socket is writable.",
};

const HALF_CLOSE: Advice = Advice {
    name: "half-close",
    expected: "after the client's FIN still echoes all that came before it, then closes in order",
    why: "A FIN says only that this side sends no more; the other direction stays open (RFC 9293 section 3.6). Clients such \
          as `printf hi | nc -N` send, close their sending side and then read the answer. A server that takes the FIN \
          for the end of the conversation cuts its own answer off.",
    look_for: "What happens between recv returning 0 and close: output that is queued or on its way in another task must be \
               sent first. Also a close with unread input, or SO_LINGER 0, which turns the close into a RST.",
};

const END_OF_FILE: Advice = Advice {
    name: "end-of-file",
    expected: "closes its side promptly when the client has closed its own",
    why: "recv returns 0 bytes for end of file, and does so again at every call. A server that does not treat it as the end \
          keeps the connection in CLOSE-WAIT for ever, often in a busy loop, until it runs out of file descriptors.",
    look_for: "The case where recv or read returns 0 (None, an empty string, -1 in Java): leave the loop and close the \
               socket there. A descriptor that is still referenced elsewhere does not close.",
};

const RESET: Advice = Advice {
    name: "reset",
    expected: "goes on serving others when one client's connection is reset",
    why: "Clients crash, lose their network or close with unread data, and their kernel answers with a RST. recv or send \
          then fails with ECONNRESET, or send with EPIPE; on Unix the latter also raises SIGPIPE, which kills a process \
          that does not ignore it.",
    look_for: "Errors of recv and send that leave the accept loop or end the process: an exception not caught for each \
               client, a panic, an exit, SIGPIPE not ignored (MSG_NOSIGNAL in C). Close that one socket and go on.",
};

const CONCURRENT: Advice = Advice {
    name: "concurrent",
    expected: "answers a second client while the first is connected and silent",
    why: "Connections wait in the accept queue after the kernel has finished their handshake, so a second client seems \
          connected but gets no answer while the server is busy with the first. One slow client then stops all others.",
    look_for: "accept and recv in one loop without a thread, a task or readiness (epoll, kqueue, select) for each client. \
               The accept loop must not wait for a client's bytes.",
};

const IDLE_TIMEOUT: Advice = Advice {
    name: "idle-timeout",
    expected: "closes the connection of a client that stays silent for the agreed time, and not before",
    why: "A peer that vanished sends no FIN, and TCP by itself notices nothing while there is nothing to send. Without a \
          timeout such connections stay for ever and use up descriptors and memory.",
    look_for: "A limit on each wait for input: SO_RCVTIMEO, settimeout, SetReadDeadline, a timer in the event loop. Start it \
               anew after every byte received, and close the connection when it runs out.",
};
