//! Compiled lessons: an index, then one hashed file per lesson and language, fetched when opened.

use std::cell::RefCell;

use essaim_proto_lab::lesson::Lesson;
use js_sys::{Array, JSON, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::dom;
use crate::text::Lang;

thread_local! {
    static INDEX: RefCell<Option<Vec<(String, String)>>> = const { RefCell::new(None) };
}

/// One lesson in one language, or why it did not come.
pub async fn lesson(path: &str, lang: Lang) -> Result<Lesson, String> {
    let wanted = format!("{path}.{}", lang.code());
    let file = index()
        .await?
        .into_iter()
        .find(|(id, _)| *id == wanted)
        .map(|(_, file)| file);
    let file = file.ok_or_else(|| wanted.clone())?;
    let bytes = dom::fetch(&format!("content/{file}")).await?;
    postcard::from_bytes(&bytes).map_err(|_| file)
}

async fn index() -> Result<Vec<(String, String)>, String> {
    if let Some(known) = INDEX.with(|i| i.borrow().clone()) {
        return Ok(known);
    }
    let bytes = dom::fetch(&format!("content/index.json?v={}", dom::build_id())).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let json = JSON::parse(&text).map_err(|_| "index.json".to_owned())?;
    let files = dom::get(&json, "files").unwrap_or(json);
    let read = entries(&files);
    INDEX.with(|i| *i.borrow_mut() = Some(read.clone()));
    Ok(read)
}

/// Pairs, written as a list of pairs or as an object.
fn entries(files: &JsValue) -> Vec<(String, String)> {
    let list = match files.dyn_ref::<Array>() {
        Some(list) => list.clone(),
        None => files.dyn_ref::<Object>().map(Object::entries).unwrap_or_default(),
    };
    list.iter()
        .filter_map(|pair| {
            let pair: Array = pair.dyn_into().ok()?;
            Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
        })
        .collect()
}
