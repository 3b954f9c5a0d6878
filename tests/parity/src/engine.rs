//! The engine, in a machine of its own.

use crate::real::{GLOBAL_CONFIG, Output, environment};
use crate::session::Action;
use crate::state::{State, add_git_file};
use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Limits, Machine, Time};

/// Where both sides' scratch folder is said to be.
pub const ROOT: &str = "/parity";

/// A machine with a home and a working tree.
pub struct Engine {
    machine: Machine,
    tick: usize,
}

impl Default for Engine {
    fn default() -> Self {
        let mut machine = Machine::new(0, Time::from_secs(crate::real::START_SECONDS), Limits::default());
        machine.add_programs(&essaim_shell::programs());
        machine.add_programs(essaim_git::PROGRAMS);
        let files = machine.files_mut();
        files.create_dir_all(b"/parity/home").expect("the files are empty");
        files.create_dir_all(b"/parity/work").expect("the files are empty");
        files.create_dir_all(b"/tmp").expect("the files are empty");
        files
            .write(b"/parity/home/.gitconfig", GLOBAL_CONFIG)
            .expect("the folder was just made");
        Self { machine, tick: 0 }
    }
}

impl Engine {
    /// Runs Git a minute later than before.
    pub fn git(&mut self, args: &[String]) -> Output {
        self.tick += 1;
        self.run(args)
    }

    fn run(&mut self, args: &[String]) -> Output {
        let env: Environment = environment("/parity/home", self.tick)
            .into_iter()
            .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
            .collect();
        let mut argv = vec![b"git".to_vec()];
        argv.extend(args.iter().map(|a| a.clone().into_bytes()));
        let mut output = Output {
            code: -1,
            ..Output::default()
        };
        let Ok(process) = self.machine.spawn_host(argv, env, b"/parity/work".to_vec()) else {
            return output;
        };
        self.machine.feed(process, b"", true);
        self.machine.begin_command();
        while self.machine.run(10_000) == Activity::Running {}
        // A limit's signals are delivered by the steps after it.
        self.machine.run(1_000);
        for (fd, bytes) in self.machine.take_output(process) {
            if fd == 1 {
                output.stdout.extend(bytes);
            } else {
                output.stderr.extend(bytes);
            }
        }
        if let Some(status) = self.machine.host_status(process) {
            output.code = i32::from(status.code());
        }
        output
    }

    /// Applies an edit.
    pub fn edit(&mut self, action: &Action) {
        let at = |path: &str| format!("{ROOT}/work/{path}").into_bytes();
        let files = self.machine.files_mut();
        // An edit that fails here shows in the state that is compared next.
        _ = match action {
            Action::Write(path, content) => {
                if let Some((parent, _)) = path.rsplit_once('/') {
                    _ = files.create_dir_all(&at(parent));
                }
                files.write(&at(path), content.as_bytes())
            }
            Action::Delete(path) => files.remove_file(&at(path)),
            Action::Executable(path, on) => files.set_mode(&at(path), if *on { 0o755 } else { 0o644 }),
            Action::Link(path, target) => {
                _ = files.remove_file(&at(path));
                files.symlink(target.as_bytes(), &at(path))
            }
            Action::Git(_) => Ok(()),
        };
    }

    /// The state now.
    pub fn state(&mut self) -> State {
        let index = self.run(&["ls-files".to_owned(), "-s".to_owned()]).stdout;
        let mut state = State {
            index: String::from_utf8_lossy(&index).into_owned(),
            ..State::default()
        };
        self.collect("", &mut state);
        state.objects.sort();
        state
    }

    fn collect(&self, folder: &str, state: &mut State) {
        let files = self.machine.files();
        let absolute = |path: &str| format!("{ROOT}/work/{path}").into_bytes();
        for name in files.read_dir(&absolute(folder)).unwrap_or_default() {
            let name = String::from_utf8_lossy(&name).into_owned();
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            let Ok(metadata) = files.symlink_metadata(&absolute(&path)) else {
                continue;
            };
            if metadata.is_dir() {
                self.collect(&path, state);
                continue;
            }
            let (mode, content) = if metadata.is_symlink() {
                (0o120_000, files.read_link(&absolute(&path)).unwrap_or_default())
            } else {
                let mode = if metadata.is_executable() { 0o755 } else { 0o644 };
                (
                    mode,
                    files.read(&absolute(&path)).map(|c| c.to_vec()).unwrap_or_default(),
                )
            };
            match path.strip_prefix(".git/") {
                Some(inside) => add_git_file(state, inside, &content),
                None => {
                    let mut value = format!("{mode:o} ").into_bytes();
                    value.extend(content);
                    state.files.insert(path, value);
                }
            }
        }
    }

    /// Makes the working tree, `.git` included, what the real one is.
    pub fn become_like(&mut self, tree: &[(String, u32, Vec<u8>)]) {
        let work = format!("{ROOT}/work");
        let files = self.machine.files_mut();
        _ = files.remove_all(work.as_bytes());
        _ = files.create_dir_all(work.as_bytes());
        for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
            if tree.iter().any(|(path, ..)| path == ".git/HEAD") {
                _ = files.create_dir_all(format!("{work}/.git/{folder}").as_bytes());
            }
        }
        for (path, mode, content) in tree {
            let at = format!("{work}/{path}").into_bytes();
            _ = files.create_dir_all(essaim_kernel::files::path::parent(&at));
            if *mode == 0o120_000 {
                _ = files.symlink(content, &at);
            } else {
                _ = files.write(&at, content.clone());
                _ = files.set_mode(&at, *mode);
            }
        }
    }
}
