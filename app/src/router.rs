//! Hash routes: they work from any folder, inside any frame, and without a server's help.

use leptos::prelude::*;

use crate::course::{self, Place};

/// A page of the course.
#[derive(Clone, Debug)]
pub enum Route {
    Home,
    Chapter(usize),
    Lesson { place: Place, share: Option<String> },
    Lab { share: Option<String> },
    Embed(Place),
    About,
    NotFound,
}

impl Route {
    /// Reads what follows `#` in the address.
    pub fn parse(hash: &str) -> Self {
        let hash = hash.strip_prefix('#').unwrap_or(hash);
        let (path, query) = hash.split_once('?').unwrap_or((hash, ""));
        let share = parameter(query, "s").map(str::to_owned);
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        match parts.as_slice() {
            [] => Self::Home,
            ["c", id] => course::chapter(id).map_or(Self::NotFound, |(n, _)| Self::Chapter(n)),
            ["l", c, m, l] => course::find(c, m, l).map_or(Self::NotFound, |place| Self::Lesson { place, share }),
            ["embed", c, m, l] => course::find(c, m, l).map_or(Self::NotFound, Self::Embed),
            ["lab"] => Self::Lab { share },
            ["about"] => Self::About,
            _ => Self::NotFound,
        }
    }

    /// What distinguishes two pages: while it stays the same nothing is rebuilt.
    pub fn key(&self) -> String {
        match self {
            Self::Home => "home".to_owned(),
            Self::Chapter(n) => format!("c{n}"),
            Self::Lesson { place, share } => format!("l/{}{}", place.path(), share.as_deref().unwrap_or_default()),
            Self::Embed(p) => format!("e/{}", p.path()),
            Self::Lab { share } => format!("lab{}", share.as_deref().unwrap_or_default()),
            Self::About => "about".to_owned(),
            Self::NotFound => "lost".to_owned(),
        }
    }
}

/// The value of a parameter in `a=1&b=2`.
pub fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The parameters before `#`: `?theme=dark&lang=en`.
pub fn page_query() -> String {
    window()
        .location()
        .search()
        .unwrap_or_default()
        .trim_start_matches('?')
        .to_owned()
}

pub fn current() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_where_they_say() {
        assert!(matches!(Route::parse(""), Route::Home));
        assert!(matches!(Route::parse("#/"), Route::Home));
        assert!(matches!(Route::parse("#/c/fondations"), Route::Chapter(0)));
        assert!(matches!(Route::parse("#/c/inconnu"), Route::NotFound));
        assert!(matches!(
            Route::parse("#/l/fondations/git/commits-branches-merges"),
            Route::Lesson { share: None, .. }
        ));
        assert!(matches!(
            Route::parse("#/l/fondations/git/commits-branches-merges?s=abc"),
            Route::Lesson { share: Some(s), .. } if s == "abc"
        ));
        assert!(matches!(Route::parse("#/l/fondations/git"), Route::NotFound));
        assert!(matches!(
            Route::parse("#/embed/fondations/git/gitflow"),
            Route::Embed(_)
        ));
        assert!(matches!(Route::parse("#/lab?s=abc"), Route::Lab { share: Some(s) } if s == "abc"));
        assert!(matches!(Route::parse("#/about"), Route::About));
    }
}
