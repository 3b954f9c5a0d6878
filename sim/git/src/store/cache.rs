//! Inflated objects, kept between commands.
//!
//! An object's id is a digest of its content, so what is kept stays true across snapshots, rewinds and other
//! machines. Whether an object *exists* is never answered from here.

use super::Object;
use crate::oid::Oid;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Bytes the cache holds at most; when it is full it is emptied.
const CACHE_BYTES_MAX: usize = 8 << 20;

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

#[derive(Default)]
struct Cache {
    objects: BTreeMap<Oid, Object>,
    bytes: usize,
}

pub(super) fn get(oid: &Oid) -> Option<Object> {
    let guard = CACHE.lock().ok()?;
    guard.as_ref()?.objects.get(oid).cloned()
}

pub(super) fn put(oid: Oid, object: &Object) {
    let Ok(mut guard) = CACHE.lock() else { return };
    let cache = guard.get_or_insert_with(Cache::default);
    if cache.bytes + object.content.len() > CACHE_BYTES_MAX {
        *cache = Cache::default();
    }
    if object.content.len() <= CACHE_BYTES_MAX && cache.objects.insert(oid, object.clone()).is_none() {
        cache.bytes += object.content.len();
    }
}
