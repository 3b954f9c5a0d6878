//! The base bundle: shell and Git in a worker. `essaim_lab::Worker` does the work; this
//! feeds it messages and gives its event loop back at least every 8 ms, so that Ctrl-C is heard.

use std::cell::RefCell;
use std::rc::Rc;

use essaim_lab::Worker;
use essaim_proto_lab::message::ToPage;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

/// A slice of work.
const SLICE_MS: f64 = 8.0;
/// Steps between two looks at the clock.
const STEPS: u64 = 500;
/// While a slice follows another without news, the page still hears that often.
const HEARTBEAT_MS: f64 = 1_000.0;

struct Bundle {
    scope: DedicatedWorkerGlobalScope,
    worker: Worker,
    /// Wakes this worker up again after its event loop has had its turn.
    again: MessageChannel,
    scheduled: bool,
    said_ms: f64,
}

impl Bundle {
    fn say(&mut self, messages: Vec<ToPage>) {
        for message in messages {
            let Ok(bytes) = postcard::to_allocvec(&message) else {
                continue;
            };
            let buffer = Uint8Array::from(bytes.as_slice()).buffer();
            let _ = self.scope.post_message_with_transfer(&buffer, &Array::of1(&buffer));
            self.said_ms = js_sys::Date::now();
        }
    }

    fn hear(&mut self, data: &wasm_bindgen::JsValue) {
        let Some(buffer) = data.dyn_ref::<js_sys::ArrayBuffer>() else {
            return;
        };
        if let Ok(message) = postcard::from_bytes(&Uint8Array::new(buffer).to_vec()) {
            let answers = self.worker.handle(message);
            self.say(answers);
        }
        self.slice();
    }

    fn slice(&mut self) {
        let begin = js_sys::Date::now();
        while self.worker.work(STEPS) && js_sys::Date::now() - begin < SLICE_MS {}
        let news = self.worker.news();
        self.say(news);
        if self.worker.is_busy() {
            if js_sys::Date::now() - self.said_ms > HEARTBEAT_MS {
                let beat = self.worker.heartbeat();
                self.say(beat.into_iter().collect());
            }
            if !self.scheduled {
                self.scheduled = true;
                let _ = self.again.port1().post_message(&wasm_bindgen::JsValue::NULL);
            }
        }
    }
}

fn main() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let build = Reflect::get(&scope, &"essaimBuild".into())
        .ok()
        .and_then(|v| v.as_string())
        .unwrap_or_default();
    let Ok(again) = MessageChannel::new() else { return };
    let bundle = Bundle {
        scope: scope.clone(),
        worker: Worker::new(&build),
        again: again.clone(),
        scheduled: false,
        said_ms: 0.0,
    };
    let bundle = Rc::new(RefCell::new(bundle));
    let hearing = bundle.clone();
    let hear =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hearing.borrow_mut().hear(&event.data()));
    scope.set_onmessage(Some(hear.into_js_value().unchecked_ref()));
    let turn = Closure::<dyn FnMut()>::new(move || {
        let mut bundle = bundle.borrow_mut();
        bundle.scheduled = false;
        bundle.slice();
    });
    again.port2().set_onmessage(Some(turn.into_js_value().unchecked_ref()));
}
