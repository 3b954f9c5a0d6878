//! What the page itself says, in French and in English.
//!
//! Both languages of a string stand side by side, so a missing one does not compile.
//! `t()` reads the language signal: used inside a closure of a view it follows the switch.

mod strings;

use leptos::prelude::*;

pub use strings::Text;

/// The languages of the course. French is the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Fr,
    En,
}

impl Lang {
    /// The value of a `lang` attribute.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language a tag such as `en-GB` asks for.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "fr" => Some(Self::Fr),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The page's strings in this language.
    pub fn text(self) -> &'static Text {
        match self {
            Self::Fr => &strings::FR,
            Self::En => &strings::EN,
        }
    }
}

/// A text of the course in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    pub fr: &'static str,
    pub en: &'static str,
}

impl Both {
    pub fn get(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Fr => self.fr,
            Lang::En => self.en,
        }
    }
}

thread_local! {
    static LANG: ArcRwSignal<Lang> = ArcRwSignal::new(Lang::Fr);
}

/// The language now, followed by whatever reads it.
pub fn lang() -> Lang {
    LANG.with(Get::get)
}

/// The language now, once.
pub fn lang_now() -> Lang {
    LANG.with(GetUntracked::get_untracked)
}

/// Switches the language everywhere; nothing is rebuilt, only texts change.
pub fn set_lang(to: Lang) {
    if lang_now() != to {
        LANG.with(|l| l.set(to));
    }
}

/// The page's strings, followed.
pub fn t() -> &'static Text {
    lang().text()
}

/// A string of the page, followed. Every use has the one type, so that the page holds the
/// code that renders it once, not once a sentence.
pub fn tr(f: fn(&'static Text) -> &'static str) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || f(t())
}

/// The page's strings, once (in event handlers).
pub fn t_now() -> &'static Text {
    lang_now().text()
}

/// Puts the arguments in the place of each `{}`, in order.
pub fn fill(pattern: &str, arguments: &[&str]) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut parts = pattern.split("{}");
    out.push_str(parts.next().unwrap_or_default());
    let mut arguments = arguments.iter();
    for part in parts {
        out.push_str(arguments.next().copied().unwrap_or_default());
        out.push_str(part);
    }
    out
}

/// `one` or `many`; French counts 0 and 1 as one.
pub fn plural<'t>(n: usize, one: &'t str, many: &'t str) -> &'t str {
    let singular = match lang() {
        Lang::Fr => n < 2,
        Lang::En => n == 1,
    };
    if singular { one } else { many }
}

/// `one` or `many` with the number in its place.
pub fn count(n: usize, one: &str, many: &str) -> String {
    fill(plural(n, one, many), &[&n.to_string()])
}

/// "3 steps of 8".
pub fn steps_of(done: usize, all: usize) -> String {
    let pattern = plural(done, t().resume_steps_one, t().resume_steps);
    fill(pattern, &[&done.to_string(), &all.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_take_their_places() {
        assert_eq!(fill("{} sur {}", &["3", "5"]), "3 sur 5");
        assert_eq!(fill("rien", &["3"]), "rien");
    }

    #[test]
    fn french_spaces_are_narrow_and_unbreakable() {
        for (name, fr, _) in strings::ALL {
            for mark in [';', ':', '!', '?'] {
                let plain = format!(" {mark}");
                assert!(!fr.contains(&plain), "{name}: a plain space before {mark} in {fr:?}");
            }
            assert!(!fr.contains('\''), "{name}: a straight apostrophe in {fr:?}");
            assert!(!fr.contains("..."), "{name}: three dots in {fr:?}");
        }
    }

    #[test]
    fn both_languages_take_the_same_arguments() {
        for (name, fr, en) in strings::ALL {
            assert_eq!(fr.matches("{}").count(), en.matches("{}").count(), "{name}");
            assert!(!fr.is_empty() && !en.is_empty(), "{name}");
        }
    }
}
