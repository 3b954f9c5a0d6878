//! The base worker: the shell and Git. A thin shell around [`essaim_lab::Worker`]: bytes in, bytes out, and slices of
//! work between which Ctrl-C, pause and a hidden tab are heard.

use essaim_lab::Worker;
use essaim_proto_lab::message::{ToPage, ToWorker};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent, MessagePort};

/// A slice of work; after it the event loop is heard.
const SLICE_MS: f64 = 8.0;

/// Steps between two looks at the clock.
const STEPS_BETWEEN_LOOKS: u64 = 200;

/// News while something works: at most 60 times a second.
const NEWS_EVERY_MS: f64 = 16.0;

/// A sign of life while nothing changes: the page's watchdog fires after 5 s of silence.
const HEARTBEAT_MS: f64 = 1_000.0;

struct Host {
    scope: DedicatedWorkerGlobalScope,
    worker: Worker,
    /// A message to oneself comes after those of the page that wait already, and sooner than a timer.
    slice: MessagePort,
    slice_due: bool,
    spoke_ms: f64,
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

fn main() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
    let Ok(channel) = MessageChannel::new() else { return };
    let on_slice = Closure::<dyn FnMut(MessageEvent)>::new(|_| with(Host::slice));
    channel.port2().set_onmessage(Some(on_slice.as_ref().unchecked_ref()));
    on_slice.forget();
    let on_message =
        Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| with(|host| host.hear(&event.data())));
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    let host = Host {
        scope,
        worker: Worker::new(&build()),
        slice: channel.port1(),
        slice_due: false,
        spoke_ms: 0.0,
    };
    HOST.with(|cell| *cell.borrow_mut() = Some(host));
}

/// The build id: compiled in, or the one under which the loader asked for this binary.
fn build() -> String {
    let loaded = || {
        js_sys::Reflect::get(&js_sys::global(), &"essaimBuild".into())
            .ok()?
            .as_string()
    };
    option_env!("ESSAIM_BUILD")
        .map(str::to_owned)
        .or_else(loaded)
        .unwrap_or_else(|| "dev".to_owned())
}

fn with(act: impl FnOnce(&mut Host)) {
    HOST.with(|cell| cell.borrow_mut().as_mut().map(act));
}

impl Host {
    fn hear(&mut self, data: &JsValue) {
        let bytes = match data.dyn_ref::<ArrayBuffer>() {
            Some(buffer) => Uint8Array::new(buffer).to_vec(),
            None => Uint8Array::new(data).to_vec(),
        };
        match postcard::from_bytes::<ToWorker>(&bytes) {
            Ok(message) => {
                let answers = self.worker.handle(message);
                self.say(answers);
                self.work();
            }
            Err(error) => wasm_bindgen::throw_str(&format!("a message of another build: {error}")),
        }
    }

    fn slice(&mut self) {
        self.slice_due = false;
        self.work();
    }

    fn work(&mut self) {
        let begun = self.now_ms();
        let mut busy = self.worker.is_busy();
        while busy && self.now_ms() - begun < SLICE_MS {
            busy = self.worker.work(STEPS_BETWEEN_LOOKS);
        }
        let silent_ms = self.now_ms() - self.spoke_ms;
        if !busy || silent_ms >= NEWS_EVERY_MS {
            let news = self.worker.news();
            self.say(news);
        }
        if busy && self.now_ms() - self.spoke_ms >= HEARTBEAT_MS {
            let sign = self.worker.heartbeat();
            self.say(sign.into_iter().collect());
        }
        if busy && !self.slice_due {
            self.slice_due = self.slice.post_message(&JsValue::NULL).is_ok();
        }
    }

    fn say(&mut self, messages: Vec<ToPage>) {
        for message in messages {
            let bytes = postcard::to_allocvec(&message).expect("plain data has a postcard form");
            let buffer = Uint8Array::from(bytes.as_slice()).buffer();
            let sent = self.scope.post_message_with_transfer(&buffer, &Array::of1(&buffer));
            if let Err(error) = sent {
                wasm_bindgen::throw_val(error);
            }
            self.spoke_ms = self.now_ms();
        }
    }

    fn now_ms(&self) -> f64 {
        self.scope.performance().map_or(0.0, |performance| performance.now())
    }
}
