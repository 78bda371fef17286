//! The page: a document that names resources, the first of which names another, and so on; and who finds the names in it.
use crate::services::http::{Request, Response, StatusCode};

/// How a page is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Resources beside the document.
    pub(super) resources: usize,
    /// Bytes of each; one that names others has at least what that takes.
    pub(super) size: usize,
    /// Rounds of discovery: 1 is all named by the document, 2 is one that only a resource names, ...
    pub(super) depth: usize,
}

impl Page {
    /// Resources that only another resource names.
    fn chained(self) -> usize {
        self.depth.saturating_sub(1).min(self.resources.saturating_sub(1))
    }

    /// The path of a resource, counted from 1: style sheets name others, the last of them a font.
    pub(super) fn path(self, number: usize) -> String {
        let named = self.resources - self.chained();
        let kind = match number {
            _ if number == self.resources && number > named => "woff2",
            1 => "css",
            _ if number > named => "css",
            _ if number.is_multiple_of(2) => "js",
            _ => "png",
        };
        format!("/{number:03}.{kind}")
    }

    /// What is answered to a request.
    pub(super) fn answer(self, request: &Request) -> Response {
        if request.path == "/" {
            let lines: String = (1..=self.resources - self.chained()).map(|it| self.tag(it)).collect();
            return Response::ok("text/html", format!("<!doctype html>\n{lines}"));
        }
        let number = (1..=self.resources).find(|it| self.path(*it) == request.path);
        number.map_or_else(|| Response::new(StatusCode::NOT_FOUND), |it| self.resource(it))
    }

    fn tag(self, number: usize) -> String {
        let path = self.path(number);
        match path.rsplit('.').next() {
            Some("css") => format!("<link rel=stylesheet href=\"{path}\">\n"),
            Some("js") => format!("<script src=\"{path}\"></script>\n"),
            _ => format!("<img src=\"{path}\">\n"),
        }
    }

    fn resource(self, number: usize) -> Response {
        let (path, named) = (self.path(number), self.resources - self.chained());
        let next = match number {
            1 if named < self.resources => Some(named + 1),
            _ if number > named && number < self.resources => Some(number + 1),
            _ => None,
        };
        let mut body = next.map_or_else(String::new, |it| format!("@import \"{}\";\n", self.path(it)));
        while body.len() < self.size {
            body.push(if body.len() % 64 == 63 { '\n' } else { '.' });
        }
        let kind = match path.rsplit('.').next() {
            Some("css") => "text/css",
            Some("js") => "text/javascript",
            Some("woff2") => "font/woff2",
            _ => "image/png",
        };
        Response::ok(kind, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demos::web::named;

    /// Every path that is found from the document on, and how deep the last lies.
    fn crawled(page: Page) -> (usize, usize) {
        let (mut found, mut level, mut depth) = (0, vec!["/".to_owned()], 0);
        loop {
            let bodies = level.iter().map(|path| page.answer(&Request::get(path)));
            level = bodies.inspect(|it| assert_eq!(it.status, StatusCode::OK)).flat_map(|it| named(&it.body)).collect();
            if level.is_empty() {
                return (found, depth);
            }
            found += level.len();
            depth += 1;
        }
    }

    #[test]
    fn every_resource_is_named_once_at_the_depth_that_was_asked_for() {
        for (resources, depth) in [(1, 1), (1, 5), (2, 2), (100, 1), (100, 3), (5, 5)] {
            assert_eq!(crawled(Page { resources, size: 100, depth }), (resources, depth.min(resources)));
        }
    }
}
