//! `cargo xtask serve`: the course on this machine, built again when a file changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::build::{self, Options};
use crate::machine::{About as _, Failure, Outcome, Run, say, say_failure, which};
use crate::watch::Watch;

/// What the page is allowed to do. The browser tests serve it under the same policy.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; worker-src 'self'; \
                      connect-src 'self'; img-src 'self' data:; font-src 'self'; object-src 'none'; base-uri 'none'";

const REQUEST_BYTES_MAX: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// `cargo xtask serve`.
pub fn command(arguments: &[String]) -> Outcome {
    let (options, rest) = Options::take(arguments)?;
    let mut port = 8080_u16;
    let mut open = false;
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--open" => open = true,
            "--port" => {
                port = rest
                    .next()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| Failure::new("--port needs a number from 0 to 65535"))?;
            }
            other => return Err(crate::unexpected(other)),
        }
    }
    // Bound first: a taken port is told at once, not after minutes of building.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .about(format!("listen on port {port}"))
        .map_err(|failure| failure.hint("Another program uses it: stop that one, or choose another with --port N."))?;
    let address = listener.local_addr().about("read the port")?;
    let watch = Watch::start();
    let id = build::site(&options)?;
    let shown = format!("http://localhost:{}", address.port());
    let site = Arc::new(options.dist.clone());
    std::thread::spawn(move || listen(&listener, &site));
    say(format!(
        "The course is on {shown} (build {id}). Ctrl-C stops it; a changed file is built again."
    ));
    if open {
        open_browser(&shown);
    }
    rebuild_for_ever(watch, &options)
}

fn rebuild_for_ever(mut watch: Watch, options: &Options) -> Outcome {
    loop {
        watch.wait_for_change();
        match build::site(options) {
            Ok(id) => say(format!("Built again (build {id}): reload the page.")),
            Err(failure) => {
                say_failure(&failure);
                say("The earlier build is still served; the next change is tried again.");
            }
        }
    }
}

fn open_browser(address: &str) {
    let opener = ["xdg-open", "open", "wslview"]
        .into_iter()
        .find(|name| which(name).is_some());
    let opened = opener.map(|name| Run::new(name).args([address]).into_command().spawn());
    if !matches!(opened, Some(Ok(_))) {
        say("No program was found to open a browser: open the address by hand.");
    }
}

fn listen(listener: &TcpListener, site: &Arc<PathBuf>) {
    for stream in listener.incoming().flatten() {
        let site = Arc::clone(site);
        // A browser that leaves in the middle of an answer is no concern of ours.
        std::thread::spawn(move || drop(answer(&stream, &site)));
    }
}

fn answer(mut stream: &TcpStream, site: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 0 && header.trim_end() != "" {
        header.clear();
    }
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default();
    let asked = words.next().unwrap_or_default();
    let response = respond(method, asked, site);
    let head = format!(
        "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        response.status,
        response.kind,
        response.body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(&response.body)?;
    }
    stream.flush()
}

struct Response {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

fn respond(method: &str, asked: &str, site: &Path) -> Response {
    let plain = |status: &'static str| Response {
        status,
        kind: "text/plain; charset=utf-8",
        body: status.as_bytes().to_vec(),
    };
    if method != "GET" && method != "HEAD" {
        return plain("405 Method Not Allowed");
    }
    let Some(inner) = inner_path(asked) else {
        return plain("400 Bad Request");
    };
    let mut path = site.join(inner);
    if path.is_dir() {
        path = path.join("index.html");
    }
    match std::fs::read(&path) {
        Ok(body) => Response {
            status: "200 OK",
            kind: media_type(&path),
            body,
        },
        Err(_) => plain("404 Not Found"),
    }
}

/// The path below the site that an address names; none if it tries to leave it.
fn inner_path(asked: &str) -> Option<String> {
    let path = asked.split(['?', '#']).next()?.strip_prefix('/')?;
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    let stays = !path.contains(['\\', '\0', ':']) && path.split('/').all(|part| part != "..") && !path.starts_with('/');
    stays.then_some(path)
}

fn media_type(path: &Path) -> &'static str {
    match path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_leads_out_of_the_site() {
        for bad in [
            "",
            "x",
            "/../a",
            "/a/../../b",
            "/%2e%2e/a",
            "//etc/passwd",
            "/a\\..\\b",
            "/%",
            "/%zz",
            "/c:/x",
        ] {
            assert_eq!(inner_path(bad), None, "{bad:?}");
        }
        assert_eq!(inner_path("/").as_deref(), Some(""));
        assert_eq!(inner_path("/workers/base.js?v=1#x").as_deref(), Some("workers/base.js"));
        assert_eq!(inner_path("/a%20b..c").as_deref(), Some("a b..c"));
    }

    #[test]
    fn files_are_served_with_their_type() {
        let site = std::env::temp_dir().join(format!("essaim-serve-{}", std::process::id()));
        crate::machine::write(&site.join("index.html"), "<p>").expect("the scratch folder can be written");
        crate::machine::write(&site.join("w/a.wasm"), "x").expect("the scratch folder can be written");
        let index = respond("GET", "/", &site);
        assert_eq!(
            (index.status, index.kind, index.body.as_slice()),
            ("200 OK", "text/html; charset=utf-8", b"<p>".as_slice())
        );
        assert_eq!(respond("HEAD", "/w/a.wasm?v=2", &site).kind, "application/wasm");
        assert_eq!(respond("GET", "/none", &site).status, "404 Not Found");
        assert_eq!(respond("POST", "/", &site).status, "405 Method Not Allowed");
        assert_eq!(respond("GET", "/../x", &site).status, "400 Bad Request");
        crate::machine::remove_folder(&site).expect("the scratch folder can be removed");
    }
}
