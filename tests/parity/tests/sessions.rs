//! The baseline's sessions, live where the installed Git is of the version imitated, else against its recorded answers.
#![allow(clippy::unwrap_used)]

use essaim_parity::compare::compare_all;
use essaim_parity::real;
use essaim_parity::session::Session;

#[test]
fn random_sessions_are_those_of_the_real_git() {
    let sessions = Session::parse_all(include_str!("../baselines/sessions.txt")).unwrap();
    assert_eq!(sessions.len(), 100);
    let live = real::is_comparable();
    let tally = compare_all(&sessions, live, 10).unwrap();
    match real::installed_version() {
        Some(version) if live => println!("compared live with Git {version}"),
        version => println!("compared with recorded answers: the installed Git is {version:?}"),
    }
    for sample in &tally.samples {
        println!("{sample}");
    }
    println!("{}", tally.table());
    assert_eq!(tally.below_floor(live), Vec::<String>::new());
}
