//! Files from the learner's disk, by a picker.

use std::rc::Rc;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlInputElement};

use crate::dom;

/// Asks for a file and hands over its name and bytes.
pub fn pick(accept: &str, take: impl Fn(String, Vec<u8>) + 'static) {
    let take = Rc::new(take);
    choose(accept, move |file| {
        let take = take.clone();
        spawn_local(async move {
            if let Some(bytes) = bytes(&file).await {
                take(file.name(), bytes);
            }
        });
    });
}

/// Asks for a file, not read yet: its size can be looked at first.
pub fn choose(accept: &str, take: impl Fn(File) + 'static) {
    let Ok(input) = document().create_element("input") else {
        return;
    };
    let input: HtmlInputElement = input.unchecked_into();
    input.set_type("file");
    input.set_accept(accept);
    let chosen = input.clone();
    dom::listen(&input, "change", move |_| {
        if let Some(file) = chosen.files().and_then(|f| f.get(0)) {
            take(file);
        }
    });
    input.click();
}

pub async fn bytes(file: &File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}
