//! The house a lab starts in: a tree of files as on Linux, the usual environment, programs and engines.

use crate::{engines, man};
use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Engine, Errno, ExitStatus, Limits, Machine, Time};
use essaim_proto_lab::spec::LabSpec;
use std::time::Duration;

/// Size of a terminal until the page says another, in (columns, rows).
pub const TERMINAL_SIZE: (u16, u16) = (80, 24);

/// Steps a scheduler slice takes while something runs to its end at once.
const SLICE_STEPS: u64 = 10_000;

/// Why a lab cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseError(pub String);

impl core::fmt::Display for HouseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for HouseError {}

/// The folders a Linux system has.
const FOLDERS: &[&str] = &[
    "/bin",
    "/dev",
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/srv",
    "/tmp",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/share/man",
    "/var/log",
    "/var/tmp",
];

/// A machine with its programs and its tree of files, and the engines; nothing has run on it yet.
pub fn build(spec: &LabSpec, start: Time, limits: Limits) -> Result<(Machine, Vec<Box<dyn Engine>>), HouseError> {
    let mut machine = Machine::new(spec.seed, start, limits);
    machine.add_programs(&essaim_shell::programs());
    let mut all = Vec::new();
    for name in &spec.engines {
        let engine = engines::by_name(name).ok_or_else(|| HouseError(format!("there is no engine `{name}`")))?;
        machine.add_programs(engine.programs());
        all.push(engine);
    }
    furnish(&mut machine, spec).map_err(|(path, error)| HouseError(format!("{path}: {error}")))?;
    Ok((machine, all))
}

fn furnish(machine: &mut Machine, spec: &LabSpec) -> Result<(), (String, Errno)> {
    let programs: Vec<_> = machine.programs().map(|p| (p.path, p.name)).collect();
    let files = machine.files_mut();
    let at = |path: &str| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    for folder in FOLDERS {
        files.create_dir_all(folder.as_bytes()).map_err(at(folder))?;
    }
    for folder in ["/tmp", "/var/tmp"] {
        files.set_mode(folder.as_bytes(), 0o1777).map_err(at(folder))?;
    }
    let home = home(spec);
    files.create_dir_all(home.as_bytes()).map_err(at(&home))?;
    let etc = [
        ("/etc/hostname", format!("{}\n", spec.host)),
        ("/etc/timezone", format!("{}\n", spec.time_zone)),
        (
            "/etc/passwd",
            format!(
                "root:x:0:0:root:/root:/bin/bash\n{0}:x:1000:1000::/home/{0}:/bin/bash\n",
                spec.user
            ),
        ),
        (
            "/etc/os-release",
            "NAME=\"Essaim\"\nID=essaim\nPRETTY_NAME=\"Essaim\"\n".to_owned(),
        ),
        ("/etc/shells", "/bin/sh\n/bin/bash\n".to_owned()),
    ];
    for (path, content) in etc {
        files.write(path.as_bytes(), content).map_err(at(path))?;
    }
    // Programs can be seen where `command -v` says they are; what runs them is the kernel's own table.
    for (path, _) in programs {
        if path.starts_with("/usr/bin/") {
            files.write(path.as_bytes(), Vec::new()).map_err(at(path))?;
            files.set_mode(path.as_bytes(), 0o755).map_err(at(path))?;
        }
    }
    for page in man::pages() {
        let path = format!("/usr/share/man/{}", page.path);
        let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        files.create_dir_all(folder.as_bytes()).map_err(at(folder))?;
        files.write(path.as_bytes(), page.content).map_err(at(&path))?;
    }
    files.create_dir_all(spec.folder.as_bytes()).map_err(at(&spec.folder))?;
    for file in &spec.files {
        let folder = file.path.rsplit_once('/').map_or("/", |(folder, _)| folder);
        files.create_dir_all(folder.as_bytes()).map_err(at(folder))?;
        files
            .write(file.path.as_bytes(), file.content.clone())
            .map_err(at(&file.path))?;
        files
            .set_mode(file.path.as_bytes(), file.mode)
            .map_err(at(&file.path))?;
    }
    Ok(())
}

/// The learner's home folder.
pub fn home(spec: &LabSpec) -> String {
    format!("/home/{}", spec.user)
}

/// The environment a terminal's shell starts with. Tools speak as they do in the C locale (their exact output is what
/// the lessons show); `LANGUAGE` chooses the man pages.
pub fn environment(spec: &LabSpec, language: &str) -> Environment {
    let home = home(spec);
    let usual = [
        ("EDITOR", "nano"),
        ("HOME", home.as_str()),
        ("HOSTNAME", &spec.host),
        ("LANG", "C.UTF-8"),
        ("LANGUAGE", language),
        ("LOGNAME", &spec.user),
        ("PAGER", "less"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("PS1", r"\u@\h:\w\$ "),
        ("PWD", &spec.folder),
        ("SHELL", "/bin/bash"),
        ("TERM", "xterm-256color"),
        ("TZ", &spec.time_zone),
        ("USER", &spec.user),
    ];
    let own = spec.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    usual
        .into_iter()
        .chain(own)
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// Runs the lab's setup, each line by a shell of its own in the lab's folder. Each takes the time a command line
/// takes, so `machine` must start that much before the lab does: see [`setup_start`].
pub fn set_up(machine: &mut Machine, spec: &LabSpec, language: &str) -> Result<(), HouseError> {
    for line in &spec.setup {
        let args = vec![b"bash".to_vec(), b"-c".to_vec(), line.as_bytes().to_vec()];
        let failed = |why: &str| HouseError(format!("setup `{line}`: {why}"));
        let process = machine
            .spawn_host(args, environment(spec, language), spec.folder.as_bytes().to_vec())
            .map_err(|error| failed(&format!("{error:?}")))?;
        machine.feed(process, b"", true);
        machine.begin_command();
        while machine.run(SLICE_STEPS) == Activity::Running {}
        let printed: Vec<u8> = machine
            .take_output(process)
            .into_iter()
            .flat_map(|(_, bytes)| bytes)
            .collect();
        match machine.host_status(process) {
            Some(ExitStatus::Code(0)) => {}
            status => {
                let printed = String::from_utf8_lossy(&printed);
                return Err(failed(&format!("{status:?}: {}", printed.trim_end())));
            }
        }
        let next = machine.now() + Duration::from_secs(u64::from(spec.command_seconds));
        machine.advance_to(next);
    }
    machine.advance_to(Time::from_secs(spec.start_seconds));
    Ok(())
}

/// When the setup begins, so that it has ended when the learner arrives.
pub fn setup_start(spec: &LabSpec) -> Time {
    let seconds = spec.setup.len() as i64 * i64::from(spec.command_seconds);
    Time::from_secs(spec.start_seconds.saturating_sub(seconds))
}
