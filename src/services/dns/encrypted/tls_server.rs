//! DNS over TLS, the resolver's side (RFC 7858): many queries on a connection, each answered as soon as it can be.
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::sync::Mutex;

use super::padding::padded_answer;
use super::{AT_ONCE, IDLE, serve_at};
use crate::net::Net;
use crate::services::dns::serve::{receive, send};
use crate::services::dns::{Answers, Asker, Transport};
use crate::services::tls::{Server, Tls};
use crate::services::{Crowd, within};

/// Listens at an address and serves beside the caller; port 0 chooses one. Gives where it listens.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve_tls<N: Net>(
    net: &N,
    at: SocketAddr,
    tls: Server,
    answers: Rc<impl Answers>,
) -> io::Result<SocketAddr> {
    let own = net.clone();
    let serve = move |stream, from| connection(own.clone(), stream, from, tls.clone(), Rc::clone(&answers));
    serve_at(net, at, serve).await
}

async fn connection<N: Net>(net: N, stream: N::Stream, from: SocketAddr, tls: Server, answers: Rc<impl Answers>) {
    let Ok(stream) = tls.accept(&net, stream).await else { return };
    let (mut reader, writer) = tokio::io::split(stream);
    let (writer, crowd) = (Rc::new(Mutex::new(writer)), Crowd::default());
    let asker = Asker { address: from.ip(), transport: Transport::Tcp };
    while let Some(Ok(Some(query))) = within(&net, IDLE, receive(&mut reader)).await {
        if crowd.size() >= AT_ONCE {
            crowd.gone().await;
        }
        let (own, answers, writer, member) = (net.clone(), Rc::clone(&answers), Rc::clone(&writer), crowd.join());
        net.spawn(async move {
            if let Some(answer) = answers.answer(query.clone(), asker).await {
                reply(&own, &writer, &padded_answer(&query, answer)).await;
            }
            drop(member);
        });
    }
    crowd.gone().await;
    within(&net, IDLE, async { drop(writer.lock().await.shutdown().await) }).await;
}

/// One answer, whole: another comes before it or after it (RFC 7766 §6.2.1.1).
async fn reply<N: Net>(net: &N, writer: &Mutex<WriteHalf<Tls<N::Stream>>>, answer: &[u8]) {
    let sending = async {
        let mut writer = writer.lock().await;
        send(&mut *writer, answer).await?;
        writer.flush().await
    };
    // A client that reads nothing loses its connection: the next read fails as well.
    drop(within(net, IDLE, sending).await);
}
