//! `essaim sh` with something to run: a process of the machine whose standard streams are this process' own.

use crate::arguments::ShellOptions;
use crate::{Fault, house};
use essaim_kernel::machine::HostProcess;
use essaim_kernel::{Activity, Machine};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Exit code when a limit ends the script, as `timeout(1)` gives.
const LIMIT_REACHED: u8 = 124;

/// Steps between two looks at the clock and the output.
const SLICE_STEPS: u64 = 2_000;

/// Runs the commands, the script, or what standard input says.
pub fn run(options: &ShellOptions) -> Result<u8, Fault> {
    let spec = house::spec(options)?;
    let mut machine = house::machine(options, &spec)?;
    let env = house::environment(options, &spec)?;
    let args = arguments(options, &mut machine)?;
    let process = machine
        .spawn_host(args, env, spec.folder.clone().into_bytes())
        .map_err(|error| format!("the shell cannot be started: {error:?}"))?;
    machine.begin_command();
    let follows_clock = options.lab.is_none() && house::fixed_start().is_none();
    let mut limited = false;
    loop {
        let activity = slice(&mut machine, follows_clock);
        limited |= matches!(activity, Activity::LimitReached(_));
        pass_on(&mut machine, process)?;
        if let Some(status) = machine.host_status(process) {
            return Ok(if limited { LIMIT_REACHED } else { status.code() });
        }
        if activity == Activity::Idle {
            if !machine.wants_input(process) {
                return Err(Fault("everything waits, and nothing can end the wait".to_owned()));
            }
            feed(&mut machine, process)?;
        }
    }
}

/// Some steps. A real folder's files carry the real time, so the machine's clock must not lag behind it.
fn slice(machine: &mut Machine, follows_clock: bool) -> Activity {
    if !follows_clock {
        return machine.run(SLICE_STEPS);
    }
    for _ in 0..SLICE_STEPS {
        machine.advance_to(house::real_now());
        let activity = machine.run(1);
        if activity != Activity::Running {
            return activity;
        }
    }
    Activity::Running
}

/// The shell's arguments. A script of the host is put into the machine at its own path, unless `--root` has it there.
fn arguments(options: &ShellOptions, machine: &mut Machine) -> Result<Vec<Vec<u8>>, Fault> {
    let mut args = Vec::new();
    if let Some(commands) = &options.commands {
        args.extend([b"bash".to_vec(), b"-c".to_vec(), commands.as_bytes().to_vec()]);
    } else if let Some(script) = &options.script {
        let content = std::fs::read(script).map_err(|error| format!("{}: {error}", script.display()))?;
        let path = std::path::absolute(script)?;
        let at = path.as_os_str().as_bytes();
        if !machine.files().exists(at) {
            let folder = path.parent().unwrap_or_else(|| Path::new("/"));
            machine.files_mut().create_dir_all(folder.as_os_str().as_bytes())?;
            machine.files_mut().write(at, content.clone())?;
        }
        args.extend([interpreter(&content, script), at.to_vec()]);
    } else {
        args.push(b"bash".to_vec());
    }
    args.extend(options.arguments.iter().map(|argument| argument.as_bytes().to_vec()));
    Ok(args)
}

/// The shell a script asks for by its first line or its name; `sh` is a POSIX shell, as dash is.
fn interpreter(content: &[u8], script: &Path) -> Vec<u8> {
    let first = content.split(|b| *b == b'\n').next().unwrap_or_default();
    let says = |name: &[u8]| first.starts_with(b"#!") && first.windows(name.len()).any(|part| part == name);
    let is_bash = says(b"bash") || script.extension().is_some_and(|end| end == "bash");
    let is_sh = first.starts_with(b"#!") || script.extension().is_some_and(|end| end == "sh");
    if is_sh && !is_bash {
        b"sh".to_vec()
    } else {
        b"bash".to_vec()
    }
}

fn pass_on(machine: &mut Machine, process: HostProcess) -> Result<(), Fault> {
    for (fd, bytes) in machine.take_output(process) {
        let written = match fd {
            2 => std::io::stderr().write_all(&bytes),
            _ => std::io::stdout()
                .write_all(&bytes)
                .and_then(|()| std::io::stdout().flush()),
        };
        // Nobody reads any more, as in `essaim sh … | head`.
        if let Err(error) = written {
            match error.kind() {
                std::io::ErrorKind::BrokenPipe => std::process::exit(141),
                _ => return Err(error.into()),
            }
        }
    }
    Ok(())
}

fn feed(machine: &mut Machine, process: HostProcess) -> Result<(), Fault> {
    let mut buffer = [0; 16 << 10];
    let count = std::io::stdin().read(&mut buffer)?;
    machine.feed(process, &buffer[..count], count == 0);
    Ok(())
}
