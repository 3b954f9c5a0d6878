//! One object store of IndexedDB, as keys and texts. Where it is denied, memory takes over.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

const NAME: &str = "essaim";
const STORE: &str = "records";
/// Raised when the shape of the store changes; `onupgradeneeded` then carries data over.
const VERSION: u32 = 1;

enum Door {
    Closed,
    Memory,
    Open(IdbDatabase),
}

thread_local! {
    static DOOR: RefCell<Door> = const { RefCell::new(Door::Closed) };
    static MEMORY: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Opens the database; false where only memory is left.
pub async fn open() -> bool {
    match try_open().await {
        Some(db) => {
            DOOR.with(|d| *d.borrow_mut() = Door::Open(db));
            true
        }
        None => {
            DOOR.with(|d| *d.borrow_mut() = Door::Memory);
            false
        }
    }
}

async fn try_open() -> Option<IdbDatabase> {
    let factory = web_sys::window()?.indexed_db().ok().flatten()?;
    let request = factory.open_with_u32(NAME, VERSION).ok()?;
    let opening = request.clone();
    let upgrade = Closure::once(move || {
        if let Ok(db) = opening.result() {
            let _ = db.unchecked_into::<IdbDatabase>().create_object_store(STORE);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let db = finish(request.unchecked_into()).await?;
    drop(upgrade);
    db.dyn_into().ok()
}

/// Waits for a request. Its handlers stay alive as long as the promise does.
async fn finish(request: IdbRequest) -> Option<JsValue> {
    let mut both = |resolve: Function, reject: Function| {
        let from = request.clone();
        let done = Closure::once_into_js(move || {
            let _ = resolve.call1(&JsValue::NULL, &from.result().unwrap_or(JsValue::UNDEFINED));
        });
        let failed = Closure::once_into_js(move || {
            let _ = reject.call0(&JsValue::NULL);
        });
        request.set_onsuccess(Some(done.unchecked_ref()));
        request.set_onerror(Some(failed.unchecked_ref()));
    };
    JsFuture::from(Promise::new(&mut both)).await.ok()
}

fn store(mode: IdbTransactionMode) -> Option<IdbObjectStore> {
    DOOR.with(|d| match &*d.borrow() {
        Door::Open(db) => db
            .transaction_with_str_and_mode(STORE, mode)
            .ok()?
            .object_store(STORE)
            .ok(),
        _ => None,
    })
}

async fn ready() {
    if DOOR.with(|d| matches!(*d.borrow(), Door::Closed)) {
        open().await;
    }
}

pub async fn get(key: &str) -> Option<String> {
    ready().await;
    match store(IdbTransactionMode::Readonly) {
        Some(store) => finish(store.get(&key.into()).ok()?).await?.as_string(),
        None => MEMORY.with(|m| m.borrow().get(key).cloned()),
    }
}

pub async fn put(key: &str, text: &str) {
    ready().await;
    let kept = match store(IdbTransactionMode::Readwrite) {
        Some(store) => match store.put_with_key(&text.into(), &key.into()) {
            Ok(request) => finish(request).await.is_some(),
            Err(_) => false,
        },
        None => false,
    };
    if !kept {
        MEMORY.with(|m| m.borrow_mut().insert(key.to_owned(), text.to_owned()));
    }
}

pub async fn delete(key: &str) {
    ready().await;
    MEMORY.with(|m| m.borrow_mut().remove(key));
    if let Some(store) = store(IdbTransactionMode::Readwrite)
        && let Ok(request) = store.delete(&key.into())
    {
        finish(request).await;
    }
}

pub async fn keys() -> Vec<String> {
    ready().await;
    let mut keys: Vec<String> = MEMORY.with(|m| m.borrow().keys().cloned().collect());
    if let Some(store) = store(IdbTransactionMode::Readonly)
        && let Ok(request) = store.get_all_keys()
        && let Some(found) = finish(request).await
    {
        for key in js_sys::Array::from(&found).iter().filter_map(|k| k.as_string()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}
