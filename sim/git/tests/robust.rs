//! Arbitrary bytes never make a parser panic.
#![allow(clippy::unwrap_used)]

use essaim_git::log::arguments;
use essaim_git::{config, date, index, object, pathspec, refs, regex, repo, revision, wildmatch};
use essaim_kernel::process::Environment;
use essaim_kernel::{Files, Limits, Time};
use proptest::collection::vec;
use proptest::prelude::*;

fn clock() -> date::Clock {
    date::Clock {
        seconds: 1_736_154_000,
        zone: date::Zone::parse(b"Europe/Paris"),
    }
}

/// A repository with one branch, a pack folder of noise and one damaged object.
fn files(noise: &[u8]) -> Files {
    let mut files = Files::new(Time::from_secs(0), Limits::default());
    for folder in [
        "/w/.git/objects/pack",
        "/w/.git/objects/12",
        "/w/.git/refs/heads",
        "/w/.git/logs",
    ] {
        files.create_dir_all(folder.as_bytes()).unwrap();
    }
    files.write(b"/w/.git/HEAD", "ref: refs/heads/main\n").unwrap();
    files
        .write(b"/w/.git/refs/heads/main", "1234567890123456789012345678901234567890\n")
        .unwrap();
    files
        .write(b"/w/.git/objects/12/34567890123456789012345678901234567890", noise)
        .unwrap();
    files
        .write(
            b"/w/.git/objects/pack/pack-x.idx",
            [b"\xfftOc\0\0\0\x02".as_slice(), noise].concat(),
        )
        .unwrap();
    files.write(b"/w/.git/packed-refs", noise).unwrap();
    files.write(b"/w/.git/logs/HEAD", noise).unwrap();
    files.write(b"/w/.gitignore", noise).unwrap();
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parsers_take_anything(bytes in vec(any::<u8>(), 0..200)) {
        let _ = index::Index::parse(&bytes);
        let _ = index::Index::parse(&[b"DIRC\0\0\0\x04\0\0\0\x02".as_slice(), &bytes, &[0; 20]].concat());
        let _ = object::parse_tree(&bytes);
        let _ = object::Commit::parse(&bytes);
        let _ = object::Tag::parse(&bytes);
        let _ = object::Signature::parse(&bytes);
        let _ = config::parse(&bytes, b"x");
        let _ = config::change(&bytes, b"a.b", config::Change::Set(b"c"), &|_| true);
        let _ = config::rename_section(&bytes, b"a", None);
        let _ = date::parse_strict(&bytes, &clock());
        let _ = date::approximate(&bytes, &clock());
        let _ = date::Zone::parse(&bytes);
        let _ = refs::check_format(&bytes, true);
        if let Some(regex) = regex::Regex::extended(&bytes, false) {
            let _ = regex.is_match(&bytes);
        }
        let _ = regex::Regex::basic(&bytes, true);
    }

    #[test]
    fn patterns_take_anything(pattern in "[a*?\\[\\]/!\\\\-]{0,12}", text in "[ab/\\]-]{0,12}") {
        let _ = wildmatch::wildmatch(pattern.as_bytes(), text.as_bytes(), wildmatch::PATHNAME);
        let _ = wildmatch::wildmatch(pattern.as_bytes(), text.as_bytes(), wildmatch::CASEFOLD);
    }

    #[test]
    fn dates_take_anything(text in "[0-9 :.+TZ/-]{0,30}|(last|[0-9]{1,3}) (day|week|month|year|friday|noon|pm)s?( ago)?") {
        let _ = date::parse_strict(text.as_bytes(), &clock());
        let (seconds, _) = date::approximate(text.as_bytes(), &clock());
        let _ = date::format(seconds, 100, &date::Mode::Human, &clock());
    }

    #[test]
    fn revisions_take_anything(spec in "[HEADmain@{}^~:/.0-9a-f-]{0,16}", noise in vec(any::<u8>(), 0..1200)) {
        let files = files(&noise);
        let repo = repo::Repo::open(&files, &Environment::new(), b"/w", &repo::Global::default()).unwrap();
        let mut resolver = revision::Resolver::new(&repo, &files, clock());
        let _ = resolver.named(spec.as_bytes(), revision::Hint::Commit);
        let _ = arguments::add(&mut resolver, spec.as_bytes(), &mut arguments::Arguments::default());
        let _ = resolver.diagnose(spec.as_bytes());
        let _ = pathspec::Pathspec::parse(&repo, &[spec.into_bytes()]);
        let mut ignore = essaim_git::ignore::Ignore::new(&repo, &files);
        let _ = ignore.is_ignored(&files, b"a/b", false);
    }
}
