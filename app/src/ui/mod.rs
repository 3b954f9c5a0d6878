//! The design system: one folder a component, its code beside its stylesheet.
//! Components hold no domain logic; colours come from the tokens only.

pub mod bench;
pub mod dialog;
pub mod editor;
pub mod files;
pub mod goals;
pub mod hints;
pub mod icon;
pub mod map;
pub mod panel;
pub mod prose;
pub mod quiz;
pub mod shell;
pub mod snippet;
pub mod split;
pub mod tabs;
pub mod terminal;
pub mod timeline;
pub mod toast;
