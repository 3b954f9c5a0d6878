//! Small doors to the browser. Every call that can be refused says so by its type.

use leptos::prelude::document;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

pub fn by_id(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// The notice of last resort, in plain HTML since before the page's own code ran.
pub fn show_broken() {
    if let Some(notice) = by_id("broken") {
        let _ = notice.remove_attribute("hidden");
    }
}

/// Moves the focus to an element that may not take it by itself (a heading, a region).
pub fn focus(element: &HtmlElement) {
    if element.tab_index() < 0 && !element.has_attribute("tabindex") {
        let _ = element.set_attribute("tabindex", "-1");
    }
    let _ = element.focus();
}

/// Runs after the browser has painted what has just changed.
pub fn next_frame(f: impl FnOnce() + 'static) {
    let once = Closure::once_into_js(f);
    if let Some(window) = web_sys::window() {
        let _ = window.request_animation_frame(once.unchecked_ref());
    }
}

pub fn after(ms: i32, f: impl FnOnce() + 'static) {
    let once = Closure::once_into_js(f);
    if let Some(window) = web_sys::window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(once.unchecked_ref(), ms);
    }
}

/// Runs again and again until the page closes.
pub fn every(ms: i32, f: impl FnMut() + 'static) -> i32 {
    let tick = Closure::wrap(Box::new(f) as Box<dyn FnMut()>).into_js_value();
    web_sys::window()
        .and_then(|w| {
            w.set_interval_with_callback_and_timeout_and_arguments_0(tick.unchecked_ref(), ms)
                .ok()
        })
        .unwrap_or_default()
}

/// Listens for as long as the page lives.
pub fn listen(target: &web_sys::EventTarget, event: &str, f: impl FnMut(web_sys::Event) + 'static) {
    let handler = Closure::wrap(Box::new(f) as Box<dyn FnMut(web_sys::Event)>).into_js_value();
    let _ = target.add_event_listener_with_callback(event, handler.unchecked_ref());
}

/// A coordinate as text, to a hundredth. The standard library's own way prints any number exactly, which a drawing
/// does not need and which weighs 4 kB.
pub fn number(value: f64) -> String {
    let hundredths = (value * 100.0).round() as i64;
    let (whole, rest) = (hundredths.abs() / 100, hundredths.abs() % 100);
    let sign = if hundredths < 0 { "-" } else { "" };
    match rest {
        0 => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest:02}"),
    }
}

pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// Local storage, where there is one: reading the property may itself throw in a sandboxed frame.
pub fn local_storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

pub fn local_get(key: &str) -> Option<String> {
    local_storage()?.get_item(key).ok().flatten()
}

pub fn local_set(key: &str, value: &str) -> bool {
    local_storage().is_some_and(|s| s.set_item(key, value).is_ok())
}

/// `object[key]`, if it is there and not null.
pub fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    js_sys::Reflect::get(object, &JsValue::from_str(key))
        .ok()
        .filter(|v| !v.is_undefined() && !v.is_null())
}

/// `object.name(arguments…)`, for the few interfaces web-sys does not know yet.
pub fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: js_sys::Function = get(object, name)?.dyn_into().ok()?;
    function.apply(object, &arguments.iter().collect()).ok()
}

/// An address relative to the page, whatever the route and the folder it is served from.
pub fn url(relative: &str) -> String {
    document()
        .base_uri()
        .ok()
        .flatten()
        .and_then(|base| web_sys::Url::new_with_base(relative, &base).ok())
        .map(|u| u.href())
        .unwrap_or_else(|| relative.to_owned())
}

/// Offers bytes as a file.
pub fn download(name: &str, mime: &str, bytes: &[u8]) {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options) else {
        return;
    };
    let Ok(address) = web_sys::Url::create_object_url_with_blob(&blob) else {
        return;
    };
    if let Ok(link) = document().create_element("a") {
        let link: web_sys::HtmlAnchorElement = link.unchecked_into();
        link.set_href(&address);
        link.set_download(name);
        link.click();
    }
    after(10_000, move || {
        let _ = web_sys::Url::revoke_object_url(&address);
    });
}

/// Asks the browser to put a text in the clipboard; false where it refuses.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let Some(clipboard) = get(&window.navigator(), "clipboard") else {
        return false;
    };
    match call(&clipboard, "writeText", &[JsValue::from_str(text)]) {
        Some(promise) => wasm_bindgen_futures::JsFuture::from(js_sys::Promise::from(promise))
            .await
            .is_ok(),
        None => false,
    }
}

/// Whether the system asks for that (`(prefers-color-scheme: dark)`).
pub fn media(query: &str) -> bool {
    web_sys::window()
        .and_then(|w| w.match_media(query).ok().flatten())
        .is_some_and(|m| m.matches())
}

/// The build id that the page carries in its head; workers' addresses carry it too.
pub fn build_id() -> String {
    document()
        .query_selector("meta[name=essaim-build]")
        .ok()
        .flatten()
        .and_then(|m| m.get_attribute("content"))
        .unwrap_or_else(|| "dev".to_owned())
}

/// The bytes of a file of the site.
pub async fn fetch(relative: &str) -> Result<Vec<u8>, String> {
    use wasm_bindgen_futures::JsFuture;
    let window = web_sys::window().ok_or("no window")?;
    let response: web_sys::Response = JsFuture::from(window.fetch_with_str(&url(relative)))
        .await
        .map_err(|e| {
            e.dyn_ref::<js_sys::Error>()
                .map_or_else(String::new, |e| String::from(e.message()))
        })?
        .unchecked_into();
    if !response.ok() {
        return Err(response.status().to_string());
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(|_| "body")?)
        .await
        .map_err(|_| "body")?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Inflates a raw deflate stream with the browser's own code.
pub async fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    use wasm_bindgen_futures::JsFuture;
    let class: js_sys::Function = get(&js_sys::global(), "DecompressionStream")?.dyn_into().ok()?;
    let stream = js_sys::Reflect::construct(&class, &js_sys::Array::of1(&"deflate-raw".into())).ok()?;
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let blob = web_sys::Blob::new_with_u8_array_sequence(&parts).ok()?;
    let piped = call(&call(&blob, "stream", &[])?, "pipeThrough", &[stream])?;
    let class: js_sys::Function = get(&js_sys::global(), "Response")?.dyn_into().ok()?;
    let response = js_sys::Reflect::construct(&class, &js_sys::Array::of1(&piped)).ok()?;
    let promise = call(&response, "arrayBuffer", &[])?;
    let buffer = JsFuture::from(js_sys::Promise::from(promise)).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}
