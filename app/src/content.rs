//! Compiled lessons: an index, then one hashed file per lesson and language, fetched when opened.

use std::cell::RefCell;

use essaim_proto_lab::lesson::Lesson;
use essaim_proto_lab::spec::LabSpec;
use js_sys::{Array, JSON, Object};
use wasm_bindgen::{JsCast, JsValue};

use crate::dom;
use crate::text::Lang;

thread_local! {
    static INDEX: RefCell<Option<Vec<(String, String)>>> = const { RefCell::new(None) };
}

/// One lesson in one language, or why it did not come.
pub async fn lesson(path: &str, lang: Lang) -> Result<Lesson, String> {
    let (file, bytes) = compiled(format!("{path}.{}", lang.code())).await?;
    postcard::from_bytes(&bytes).map_err(|_| file)
}

/// The free lab, or why it did not come.
pub async fn free_lab() -> Result<LabSpec, String> {
    let (file, bytes) = compiled("lab".to_owned()).await?;
    postcard::from_bytes(&bytes).map_err(|_| file)
}

/// A compiled file by its name in the index: what it is called, and its bytes.
async fn compiled(wanted: String) -> Result<(String, Vec<u8>), String> {
    let found = index().await?.into_iter().find(|(id, _)| *id == wanted);
    let (_, file) = found.ok_or(wanted)?;
    let bytes = dom::fetch(&format!("content/{file}")).await?;
    Ok((file, bytes))
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
