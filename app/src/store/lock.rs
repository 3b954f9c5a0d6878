//! Web Locks: of two tabs, one writes. Where the browser has none, nobody is held back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::dom;

/// A lock held until it is dropped.
pub struct Lock {
    release: Option<Function>,
    lost: Rc<Cell<bool>>,
}

impl Lock {
    /// Whether another tab has taken it over since.
    pub fn is_lost(&self) -> bool {
        self.lost.get()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// What asking for a lock came to.
pub enum Answer {
    Held(Lock),
    /// Another tab has it.
    Taken,
}

/// Waits for the lock of that name.
pub async fn acquire(name: &str, steal: bool) -> Option<Lock> {
    match ask(name, steal, false).await {
        Answer::Held(lock) => Some(lock),
        Answer::Taken => None,
    }
}

/// Takes the lock if it is free, or says that another tab has it.
pub async fn try_acquire(name: &str) -> Answer {
    ask(name, false, true).await
}

async fn ask(name: &str, steal: bool, if_available: bool) -> Answer {
    let lost: Rc<Cell<bool>> = Rc::default();
    let free = || {
        Answer::Held(Lock {
            release: None,
            lost: Rc::default(),
        })
    };
    let Some(window) = web_sys::window() else { return free() };
    let Some(locks) = dom::get(&window.navigator(), "locks") else {
        return free();
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"steal".into(), &steal.into());
    let _ = Reflect::set(&options, &"ifAvailable".into(), &if_available.into());
    let answered: Rc<RefCell<Option<Function>>> = Rc::default();
    let refused: Rc<RefCell<Option<Function>>> = Rc::default();
    let (keep, keep_no) = (answered.clone(), refused.clone());
    let waiting = Promise::new(&mut |resolve, reject| {
        *keep.borrow_mut() = Some(resolve);
        *keep_no.borrow_mut() = Some(reject);
    });
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let Some(tell) = answered.borrow_mut().take() else {
            return JsValue::UNDEFINED;
        };
        if lock.is_null() {
            let _ = tell.call1(&JsValue::NULL, &JsValue::NULL);
            return JsValue::UNDEFINED;
        }
        // The lock is held until this promise is fulfilled: its resolver is the release.
        let mut release = JsValue::UNDEFINED;
        let held = Promise::new(&mut |resolve, _| release = resolve.into());
        let _ = tell.call1(&JsValue::NULL, &release);
        held.into()
    });
    let Some(request) = dom::call(&locks, "request", &[name.into(), options.into(), granted]) else {
        return free();
    };
    // A refusal (a frame without storage) rejects the request itself.
    // One that was granted and taken over by another tab rejects it too.
    let taken = lost.clone();
    let failed = Closure::once_into_js(move |_: JsValue| {
        taken.set(true);
        if let Some(tell) = refused.borrow_mut().take() {
            let _ = tell.call0(&JsValue::NULL);
        }
    });
    dom::call(&request, "catch", &[failed]);
    match JsFuture::from(waiting).await {
        Ok(release) if release.is_null() => Answer::Taken,
        Ok(release) => Answer::Held(Lock {
            release: release.dyn_into().ok(),
            lost,
        }),
        Err(_) => free(),
    }
}
