//! The two sites: pages and what they load, with the fields that are switched on at the moment.
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::lab::LabNet;
use crate::net::Net;
use crate::services::http::{self, Method, Request, Response, ServerOptions, StatusCode};
use crate::services::tls;

/// The shop's name, and one below it.
pub(super) const SHOP: &str = "shop.example";
pub(super) const PAY: &str = "pay.shop.example";
pub(super) const OTHER: &str = "other.example";

/// Fields that the shop adds to its answers over https, changed as the script goes on.
pub(super) type Fields = Rc<RefCell<Vec<(&'static str, String)>>>;

/// What a server was asked: the path, and the value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) secure: bool,
    pub(super) path: String,
    pub(super) referer: String,
    pub(super) cookie: String,
}

/// What a site was asked, in order.
pub(super) type Log = Rc<RefCell<Vec<Asked>>>;

/// One white pixel (PNG, W3C §11).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc\xf8\x0f\0\x01\x01\x01\0\xb18\xf6\x14\0\0\0\0IEND\xaeB`\x82";
/// One pixel, as trackers send it (GIF89a).
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Serves one site at a port, over TLS or not.
pub(super) async fn serve(
    net: &LabNet,
    at: SocketAddr,
    tls: Option<tls::Server>,
    log: &Log,
    answer: impl Fn(&Request) -> Response + 'static,
) {
    let (secure, log) = (tls.is_some(), Rc::clone(log));
    let listener = net.listen(at).await.expect("a new host has every port free");
    let handler = move |request: Request| {
        let asked = Asked {
            secure,
            path: request.path.clone(),
            referer: request.header("referer"),
            cookie: request.header("cookie"),
        };
        log.borrow_mut().push(asked);
        let response = answer(&request);
        async move { response }
    };
    let served = http::serve_with(net.clone(), listener, ServerOptions { tls, ..ServerOptions::default() }, handler);
    net.spawn(async move { drop(served.await) });
}

/// The shop in the clear: everything leads to https. RFC 6797 §7.2: no Strict-Transport-Security here.
pub(super) fn in_the_clear(request: &Request) -> Response {
    if request.path == "/logo.png" {
        return Response::ok("image/png", PNG);
    }
    let to = format!("https://{}{}", request.header("host"), request.path);
    Response::new(StatusCode::MOVED_PERMANENTLY).with("location", &to)
}

/// The shop over https.
pub(super) fn shop(fields: &Fields, request: &Request) -> Response {
    let page = |text: &'static str| Response::ok("text/html", text);
    let response = match (&request.method, request.path.split('?').next().unwrap_or_default()) {
        (&Method::POST, "/login") => page("<!doctype html>\n<p>welcome back\n"),
        (_, "/upload/cat.txt") => Response::ok("text/plain", "steal(document.cookie)\n"),
        (_, "/app.js") => Response::ok("text/javascript", "show()\n"),
        (_, "/gallery") => page("<!doctype html>\n<script src=\"/upload/cat.txt\"></script>\n"),
        (_, "/checkout") => page(
            "<!doctype html>\n<script>show()</script>\n<script src=\"/app.js\"></script>\n<script \
             src=\"https://other.example/x.js\"></script>\n",
        ),
        (_, "/reset") => page(
            "<!doctype html>\n<link rel=stylesheet href=\"/style.css\">\n<img src=\"https://other.example/pixel.gif\">\n<a \
             href=\"http://other.example/blog\">help</a>\n",
        ),
        (_, "/transfer") => page("<!doctype html>\n<form method=post><button>send 100</button></form>\n"),
        (_, "/style.css") => Response::ok("text/css", "p{}\n"),
        _ => page(
            "<!doctype html>\n<a href=\"https://shop.example/\">shop</a>\n<form method=post action=\"/login\"><input \
             name=password></form>\n",
        ),
    };
    let wanted = |name: &str| name != "set-cookie" || request.path == "/login";
    let fields = fields.borrow();
    fields.iter().filter(|it| wanted(it.0)).fold(response, |response, (name, value)| response.with(name, value))
}

/// The other site.
pub(super) fn other(request: &Request) -> Response {
    match request.path.as_str() {
        "/x.js" => Response::ok("text/javascript", "steal()\n"),
        "/pixel.gif" => Response::ok("image/gif", GIF),
        _ => Response::ok("text/html", "<!doctype html>\n<iframe src=\"https://shop.example/transfer\"></iframe>\n"),
    }
}
