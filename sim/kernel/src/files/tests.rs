#![allow(clippy::unwrap_used)]
use super::*;

fn files() -> Files {
    Files::new(Time::from_secs(1_000), Limits::default())
}

#[test]
fn files_directories_and_links() {
    let mut files = files();
    files.create_dir_all(b"/home/ada").unwrap();
    files.write(b"/home/ada/a.txt", "one").unwrap();
    files.symlink(b"a.txt", b"/home/ada/link").unwrap();
    files.hard_link(b"/home/ada/a.txt", b"/home/ada/b.txt").unwrap();
    files.write(b"/home/ada/link", "two").unwrap();
    assert_eq!(files.read(b"/home/ada/b.txt").unwrap().as_slice(), b"two");
    assert_eq!(files.metadata(b"/home/ada/a.txt").unwrap().nlink, 2);
    assert_eq!(
        files.read_dir(b"/home/ada").unwrap(),
        [b"a.txt".to_vec(), b"b.txt".to_vec(), b"link".to_vec()]
    );
    assert_eq!(
        files.canonicalize(b"/home/./ada/../ada/link").unwrap(),
        b"/home/ada/a.txt"
    );
    files.remove_file(b"/home/ada/a.txt").unwrap();
    assert_eq!(files.read(b"/home/ada/link"), Err(Errno::NoEntry));
    assert_eq!(files.remove_dir(b"/home/ada"), Err(Errno::NotEmpty));
    assert_eq!(files.read(b"/home/ada/b.txt/x"), Err(Errno::NotDirectory));
}

#[test]
fn a_file_lives_while_it_is_open() {
    let mut files = files();
    files.write(b"/f", "kept").unwrap();
    let read = OpenOptions {
        read: true,
        ..OpenOptions::default()
    };
    let handle = files.open(b"/f", read, 0).unwrap();
    files.remove_file(b"/f").unwrap();
    assert_eq!(files.read_at(&handle, 1, 9).unwrap(), b"ept");
    files.close(&handle);
    assert_eq!(files.bytes_used(), 0);
}

#[test]
fn rename_replaces_and_refuses_cycles() {
    let mut files = files();
    files.create_dir_all(b"/a/b").unwrap();
    assert_eq!(files.rename(b"/a", b"/a/b/c"), Err(Errno::Invalid));
    files.write(b"/x", "x").unwrap();
    files.write(b"/y", "y").unwrap();
    files.rename(b"/x", b"/y").unwrap();
    assert_eq!(files.read(b"/y").unwrap().as_slice(), b"x");
    files.rename(b"/a/b", b"/b").unwrap();
    assert_eq!(files.canonicalize(b"/b/..").unwrap(), b"/");
}

#[test]
fn snapshots_share_and_do_not_leak() {
    let mut files = files();
    files.write(b"/f", "before").unwrap();
    let snapshot = files.clone();
    files.write(b"/f", "after").unwrap();
    files.write(b"/g", "new").unwrap();
    assert_eq!(snapshot.read(b"/f").unwrap().as_slice(), b"before");
    assert!(!snapshot.exists(b"/g"));
    let (mut a, mut b) = (Digest::new(), Digest::new());
    files.digest(&mut a);
    snapshot.digest(&mut b);
    assert_ne!(a.finish(), b.finish());
}

#[test]
fn permissions_and_limits_are_kept() {
    let mut files = Files::new(
        Time(0),
        Limits {
            file_bytes_max: 4,
            ..Limits::default()
        },
    );
    files.write(b"/f", "abc").unwrap();
    files.set_mode(b"/f", 0o000).unwrap();
    assert_eq!(files.read(b"/f"), Err(Errno::Access));
    assert_eq!(files.write(b"/g", "abcde"), Err(Errno::TooLarge));
    files.set_superuser(true);
    assert!(files.read(b"/f").is_ok());
}

#[test]
fn symlink_loops_end() {
    let mut files = files();
    files.symlink(b"b", b"/a").unwrap();
    files.symlink(b"a", b"/b").unwrap();
    assert_eq!(files.read(b"/a"), Err(Errno::Loop));
}
