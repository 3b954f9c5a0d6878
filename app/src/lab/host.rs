//! One worker, watched: requests are numbered, five seconds of silence end it, and who
//! owns it is told so that it can start another and replay.
//!
//! Hosts live beside the signals, in a table of the thread: a view holds only a number,
//! so nothing of the browser's is captured by a closure that outlives its page.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use essaim_proto_lab::message::{Request, Response, ToPage, ToWorker, Update};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::dom;

/// Silence after which a worker that owes an answer is held to be stuck.
pub const SILENCE_MS_MAX: f64 = 5_000.0;
/// How often the watchdog looks.
const WATCH_MS: i32 = 1_000;

/// What a host tells its owner.
pub enum News {
    /// Part of the engine has arrived: 0 to 1.
    Loading(f64),
    /// The engine waits for its first request.
    Loaded,
    Update(Box<Update>),
    /// The worker is gone; `true` when it was silent, `false` when it crashed.
    Broken {
        silent: bool,
    },
    /// The browser forbids workers here.
    Blocked,
}

type Answer = Box<dyn FnOnce(Response)>;

pub struct Host {
    worker: Worker,
    next_id: u32,
    waiting: BTreeMap<u32, Answer>,
    last_heard_ms: f64,
    last_look_ms: f64,
    loaded: bool,
    tell: Rc<dyn Fn(News)>,
    // The closures the worker calls; they live as long as it does.
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

thread_local! {
    static HOSTS: RefCell<BTreeMap<u32, Host>> = const { RefCell::new(BTreeMap::new()) };
    static WATCHED: RefCell<bool> = const { RefCell::new(false) };
}

/// Starts a worker under a number. An earlier one of that number is ended.
pub fn start(key: u32, bundle: &str, tell: Rc<dyn Fn(News)>) {
    stop(key);
    let Some(worker) = launch(bundle) else {
        tell(News::Blocked);
        return;
    };
    let on_message =
        Closure::wrap(Box::new(move |event: MessageEvent| receive(key, &event.data())) as Box<dyn FnMut(MessageEvent)>);
    let on_error = Closure::wrap(Box::new(move |event: ErrorEvent| {
        event.prevent_default();
        let was_loaded = HOSTS.with(|h| h.borrow().get(&key).is_some_and(|host| host.loaded));
        fail(
            key,
            if was_loaded {
                News::Broken { silent: false }
            } else {
                News::Blocked
            },
        );
    }) as Box<dyn FnMut(ErrorEvent)>);
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let now = dom::now_ms();
    let host = Host {
        worker,
        next_id: 1,
        waiting: BTreeMap::new(),
        last_heard_ms: now,
        last_look_ms: now,
        loaded: false,
        tell,
        _on_message: on_message,
        _on_error: on_error,
    };
    HOSTS.with(|h| h.borrow_mut().insert(key, host));
    watch();
}

/// Ends a worker; what it owed is never answered.
pub fn stop(key: u32) {
    let gone = HOSTS.with(|h| h.borrow_mut().remove(&key));
    // Dropped outside the borrow: an answer's own drop may look at the table.
    drop(gone);
}

/// Sends a request; the answer comes later, or never if the worker ends before.
pub fn ask(key: u32, request: Request, answer: impl FnOnce(Response) + 'static) {
    HOSTS.with(|h| {
        let mut hosts = h.borrow_mut();
        let Some(host) = hosts.get_mut(&key) else { return };
        let id = host.next_id;
        host.next_id += 1;
        if host.waiting.is_empty() {
            host.last_heard_ms = dom::now_ms();
        }
        host.waiting.insert(id, Box::new(answer));
        let Ok(bytes) = postcard::to_allocvec(&ToWorker { id, request }) else {
            return;
        };
        let buffer = Uint8Array::from(bytes.as_slice()).buffer();
        let _ = host.worker.post_message_with_transfer(&buffer, &Array::of1(&buffer));
    });
}

/// Starts the script from its address; in a frame of no origin, from a blob that imports it.
fn launch(bundle: &str) -> Option<Worker> {
    let build = dom::build_id();
    let address = dom::url(&format!("workers/loader.js?name={bundle}&v={build}"));
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(&format!("essaim-{bundle}"));
    if let Ok(worker) = Worker::new_with_options(&address, &options) {
        return Some(worker);
    }
    let code = format!("import {address:?};");
    let parts = Array::of1(&JsValue::from_str(&code));
    let kind = web_sys::BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &kind).ok()?;
    let address = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
    Worker::new_with_options(&address, &options).ok()
}

/// Binary messages are the lab's; others are the loader's.
fn receive(key: u32, data: &JsValue) {
    let tell = HOSTS.with(|h| {
        let mut hosts = h.borrow_mut();
        let host = hosts.get_mut(&key)?;
        host.last_heard_ms = dom::now_ms();
        Some(host.tell.clone())
    });
    let Some(tell) = tell else { return };
    let bytes = if let Some(buffer) = data.dyn_ref::<js_sys::ArrayBuffer>() {
        Uint8Array::new(buffer).to_vec()
    } else if let Some(array) = data.dyn_ref::<Uint8Array>() {
        array.to_vec()
    } else {
        loader_says(key, data, &*tell);
        return;
    };
    let Ok(message) = postcard::from_bytes::<ToPage>(&bytes) else {
        fail(key, News::Broken { silent: false });
        return;
    };
    if let Some(id) = message.answers {
        let answer = HOSTS.with(|h| h.borrow_mut().get_mut(&key)?.waiting.remove(&id));
        if let Some(answer) = answer {
            answer(message.response);
        }
    } else if let Response::Update(update) = message.response {
        tell(News::Update(update));
    }
}

fn loader_says(key: u32, data: &JsValue, tell: &dyn Fn(News)) {
    if let Some(part) = dom::get(data, "loading").and_then(|v| v.as_f64()) {
        tell(News::Loading(part));
    } else if dom::get(data, "loaded").is_some() {
        HOSTS.with(|h| {
            if let Some(host) = h.borrow_mut().get_mut(&key) {
                host.loaded = true;
            }
        });
        tell(News::Loaded);
    } else if dom::get(data, "failed").is_some() {
        fail(key, News::Blocked);
    }
}

fn fail(key: u32, news: News) {
    let tell = HOSTS.with(|h| h.borrow().get(&key).map(|host| host.tell.clone()));
    stop(key);
    if let Some(tell) = tell {
        tell(news);
    }
}

/// Looks at every host each second. A page that slept (a laptop lid, a hidden tab) has not
/// listened either: a late look starts the count again.
fn watch() {
    if WATCHED.replace(true) {
        return;
    }
    dom::every(WATCH_MS, || {
        let now = dom::now_ms();
        let stuck: Vec<u32> = HOSTS.with(|h| {
            let mut stuck = Vec::new();
            for (key, host) in h.borrow_mut().iter_mut() {
                let slept = now - host.last_look_ms > 3.0 * f64::from(WATCH_MS);
                host.last_look_ms = now;
                if slept || host.waiting.is_empty() {
                    host.last_heard_ms = now;
                } else if host.loaded && now - host.last_heard_ms > SILENCE_MS_MAX {
                    stuck.push(*key);
                }
            }
            stuck
        });
        for key in stuck {
            fail(key, News::Broken { silent: true });
        }
    });
}
