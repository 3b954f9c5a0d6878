//! What the native shell's machine starts with.

use crate::arguments::ShellOptions;
use crate::host_files::RealFolder;
use crate::{Fault, content};
use essaim_kernel::process::Environment;
use essaim_kernel::{Limits, Machine, Time};
use essaim_lab::{engines, house};
use essaim_proto_lab::spec::LabSpec;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// Variables of the machine that the real ones do not replace.
const OWN_VARIABLES: &[&str] = &[
    "HOSTNAME", "LOGNAME", "OLDPWD", "PATH", "PS1", "PWD", "SHELL", "SHLVL", "USER", "_",
];

/// Whether the clock stands where the environment says (`SOURCE_DATE_EPOCH`).
pub fn fixed_start() -> Option<i64> {
    std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()
}

/// The time on the real clock.
pub fn real_now() -> Time {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Time(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// `--root DIR`, without links.
pub fn root(options: &ShellOptions) -> Result<Option<PathBuf>, Fault> {
    let Some(root) = &options.root else { return Ok(None) };
    let canonical = root
        .canonicalize()
        .map_err(|error| format!("--root {}: {error}", root.display()))?;
    if !canonical.is_dir() {
        return Err(Fault(format!("--root {}: not a directory", root.display())));
    }
    Ok(Some(canonical))
}

/// The lab that is asked for: a lesson's, or the free one.
pub fn spec(options: &ShellOptions) -> Result<LabSpec, Fault> {
    let mut spec = match options.lab.as_deref() {
        None => free_lab(),
        Some("lab") => content::free_lab(&options.content)?.unwrap_or_else(free_lab),
        Some(id) => content::lesson(&options.content, id)?.structure.lab,
    };
    if let Some(seed) = options.seed {
        spec.seed = seed;
    }
    if options.lab.is_none() {
        spec.start_seconds = fixed_start().unwrap_or_else(|| real_now().secs());
    }
    if let Some(root) = root(options)? {
        spec.folder = root.to_string_lossy().into_owned();
    }
    Ok(spec)
}

/// The free lab: every engine, an empty home.
pub fn free_lab() -> LabSpec {
    LabSpec {
        id: "lab".to_owned(),
        engines: engines::NAMES.iter().map(|name| (*name).to_owned()).collect(),
        seed: 1,
        time_zone: "UTC".to_owned(),
        command_seconds: 1,
        user: "camille".to_owned(),
        host: "essaim".to_owned(),
        folder: "/home/camille".to_owned(),
        ..LabSpec::default()
    }
}

/// Limits for a whole script: one command line of the page is held to much less.
pub fn limits() -> Limits {
    Limits {
        command_steps_max: 10_000_000,
        command_nanos_max: 366 * 24 * 3_600 * 1_000_000_000,
        command_output_bytes_max: 1 << 30,
        files_bytes_max: 1 << 30,
        file_bytes_max: 512 << 20,
        ..Limits::default()
    }
}

/// The machine, with the real folder in it.
pub fn machine(options: &ShellOptions, spec: &LabSpec) -> Result<Machine, Fault> {
    let (mut machine, _) = house::build(spec, house::setup_start(spec), limits())?;
    house::set_up(&mut machine, spec, "en")?;
    if let Some(root) = root(options)? {
        mount(&mut machine, root)?;
    }
    Ok(machine)
}

/// Puts the real folder at its own path.
pub fn mount(machine: &mut Machine, root: PathBuf) -> Result<(), Fault> {
    let at = root.as_os_str().as_bytes().to_vec();
    // As the real tools under the same user: root is never refused.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    machine.files_mut().set_superuser(is_root);
    machine.files_mut().mount(&at, Arc::new(RealFolder::new(root)))?;
    Ok(())
}

/// The machine's environment with the real one over it.
pub fn environment(options: &ShellOptions, spec: &LabSpec) -> Result<Environment, Fault> {
    let mut env = house::environment(spec, "en");
    let root = root(options)?;
    for (name, value) in std::env::vars_os() {
        let own = name.to_str().is_some_and(|name| OWN_VARIABLES.contains(&name));
        // A home folder outside of the machine is of no use in it.
        let is_foreign_home = name == "HOME"
            && !root
                .as_ref()
                .is_some_and(|root| std::path::Path::new(&value).starts_with(root));
        if !own && !is_foreign_home {
            env.insert(name.into_vec(), value.into_vec());
        }
    }
    Ok(env)
}
