//! A lab's worker without the browser: requests in, answers and news out. The Wasm binary is a shell around it.

use crate::complete::complete;
use crate::lab::{Lab, Origin};
use crate::news::Known;
use crate::share;
use crate::transcript::parse;
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_proto_lab::message::{FolderEntry, Problem, Request, Response, ToPage, ToWorker};
use essaim_proto_lab::spec::LabSpec;
use std::collections::BTreeMap;

/// Entries a folder's listing holds at most.
const FOLDER_ENTRIES_MAX: usize = 2_000;

/// Bytes taken out at once.
const TAKE_OUT_BYTES_MAX: usize = 64 << 20;

/// One worker: at most one lab.
pub struct Worker {
    build: String,
    lab: Option<Lab>,
    known: Known,
    /// Requests whose acts are under way, with the first problem they met.
    acting: BTreeMap<u32, Option<Problem>>,
    /// Requests that are answered once nothing is left to do: an opening, a rewind.
    waiting: Vec<u32>,
    /// What went wrong while a transcript was replayed.
    replay_problem: Option<Problem>,
    /// How many entries stay done once a saved lab was replayed: it was saved in its past.
    stop_at: Option<usize>,
    /// Contents given before the lab is opened.
    provided: Vec<Vec<u8>>,
}

impl Worker {
    /// A worker of this build.
    pub fn new(build: &str) -> Self {
        Self {
            build: build.to_owned(),
            lab: None,
            known: Known::default(),
            acting: BTreeMap::new(),
            waiting: Vec::new(),
            replay_problem: None,
            stop_at: None,
            provided: Vec::new(),
        }
    }

    /// Takes a request. What it answers at once is returned; the rest comes from [`Worker::news`].
    pub fn handle(&mut self, message: ToWorker) -> Vec<ToPage> {
        let id = message.id;
        let answer = match message.request {
            Request::Hello { build } if build == self.build => Some(Response::Hello { build }),
            Request::Hello { .. } => Some(Response::Failed {
                problem: Problem::WrongBuild {
                    worker: self.build.clone(),
                },
            }),
            Request::Open {
                spec,
                transcript,
                language,
            } => self.open(id, spec, &transcript, &language),
            Request::Provide { content } => {
                self.provided.push(content);
                Some(Response::Done)
            }
            request => match &mut self.lab {
                None => Some(failed(Problem::NoLab)),
                Some(lab) => match ask(lab, id, request) {
                    Asked::Answer(response) => Some(response),
                    Asked::Acts => {
                        self.acting.insert(id, None);
                        None
                    }
                    Asked::Waits => {
                        self.waiting.push(id);
                        None
                    }
                },
            },
        };
        answer
            .map(|response| ToPage {
                answers: Some(id),
                response,
            })
            .into_iter()
            .collect()
    }

    fn open(&mut self, id: u32, mut spec: LabSpec, transcript: &str, language: &str) -> Option<Response> {
        let transcript = match parse(transcript) {
            Ok(transcript) => transcript,
            Err(error) => {
                return Some(failed(Problem::Transcript {
                    line: error.line,
                    reason: error.reason,
                }));
            }
        };
        if let Some(seed) = transcript.sections.iter().find_map(|section| section.seed) {
            spec.seed = seed;
        }
        let mut lab = match Lab::open(spec, language) {
            Ok(lab) => lab,
            Err(error) => return Some(failed(Problem::Lesson { reason: error.0 })),
        };
        for content in self.provided.drain(..) {
            lab.provide(&content);
        }
        for section in &transcript.sections {
            lab.replay(section);
        }
        self.lab = Some(lab);
        self.known = Known::default();
        self.acting.clear();
        self.waiting = vec![id];
        self.replay_problem = None;
        self.stop_at = transcript.sections.iter().find_map(|section| section.done);
        None
    }

    /// Works for at most about `steps` steps; whether there is more to do.
    pub fn work(&mut self, steps: u64) -> bool {
        self.lab.as_mut().is_some_and(|lab| lab.work(steps))
    }

    /// Whether [`Worker::work`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.lab.as_ref().is_some_and(Lab::is_busy)
    }

    /// What changed since the last call, then the answers that became due.
    pub fn news(&mut self) -> Vec<ToPage> {
        let Some(lab) = &mut self.lab else { return Vec::new() };
        let mut out = Vec::new();
        for outcome in lab.take_outcomes() {
            match outcome.origin {
                Origin::Request(id) => {
                    let known = self.acting.entry(id).or_default();
                    *known = known.take().or(outcome.problem);
                }
                _ => self.replay_problem = self.replay_problem.take().or(outcome.problem),
            }
        }
        if !lab.is_busy()
            && let Some(done) = self.stop_at.take()
        {
            // A known future that no longer replays is forgotten; what was done is not.
            if lab.known().len() >= done {
                self.replay_problem = None;
            }
            lab.rewind(done);
        }
        // A replay shows its end, not its way: the page would only scroll.
        let replaying = lab.is_busy() && !self.waiting.is_empty();
        if !replaying && let Some(update) = self.known.update(lab) {
            let response = Response::Update(Box::new(update));
            out.push(ToPage {
                answers: None,
                response,
            });
        }
        let answer = |id, problem: Option<Problem>| ToPage {
            answers: Some(id),
            response: problem.map_or(Response::Done, failed),
        };
        self.acting.retain(|id, problem| {
            let pending = lab.is_pending(Origin::Request(*id));
            if !pending {
                out.push(answer(*id, problem.take()));
            }
            pending
        });
        if !lab.is_busy() {
            for id in self.waiting.drain(..) {
                out.push(answer(id, self.replay_problem.take()));
            }
        }
        out
    }

    /// An update that says nothing but that the worker is alive: for a long piece of work.
    pub fn heartbeat(&self) -> Option<ToPage> {
        let lab = self.lab.as_ref()?;
        let update = essaim_proto_lab::message::Update {
            revision: lab.revision,
            now_nanos: lab.state.machine.now().0,
            ..Default::default()
        };
        let response = Response::Update(Box::new(update));
        Some(ToPage {
            answers: None,
            response,
        })
    }
}

enum Asked {
    Answer(Response),
    /// Acts were queued: answered when they have ended.
    Acts,
    /// Answered when nothing is left to do.
    Waits,
}

fn failed(problem: Problem) -> Response {
    Response::Failed { problem }
}

fn ask(lab: &mut Lab, id: u32, request: Request) -> Asked {
    let origin = Origin::Request(id);
    match request {
        Request::Submit { terminal, text } => lab.submit(terminal, &text, origin),
        Request::Interrupt { terminal } => lab.interrupt(terminal, origin),
        Request::EndOfFile { terminal } => lab.ask(crate::transcript::Act::EndOfFile { terminal }, origin),
        Request::SaveFile { path, content } => lab.save_file(&path, &content, origin),
        Request::FinishEditor { terminal, content } => lab.finish_editor(terminal, content.as_deref(), origin),
        Request::OpenTerminal => lab.open_terminal(origin),
        Request::BringIn { path, content } => lab.bring_in(&path, &content, origin),
        Request::Advance { milliseconds } => lab.ask(crate::transcript::Act::Advance { milliseconds }, origin),
        Request::Undo => return waits(lab.undo()),
        Request::Redo => return waits(lab.redo()),
        Request::Rewind { entries } => {
            lab.rewind(entries as usize);
            return Asked::Waits;
        }
        Request::DropFuture => {
            lab.drop_future();
            return Asked::Waits;
        }
        Request::RestartStep { index } => return waits(lab.restart_step(index as usize)),
        request => return Asked::Answer(look(lab, request)),
    }
    Asked::Acts
}

/// A step back or forward where there is none is no error: nothing changes.
fn waits(moved: bool) -> Asked {
    if moved {
        Asked::Waits
    } else {
        Asked::Answer(Response::Done)
    }
}

/// Questions that change nothing.
fn look(lab: &mut Lab, request: Request) -> Response {
    match request {
        Request::Complete { terminal, line, cursor } => {
            Response::Completion(complete(&lab.state, terminal as usize, &line, cursor as usize))
        }
        Request::View { engine, revision } => view(lab, engine, revision),
        Request::ListFolder { path, recursive } => list(lab, path, recursive),
        Request::ReadFile { path } => match lab.state.machine.files().read(path.as_bytes()) {
            Ok(content) => Response::File {
                path,
                content: content.to_vec(),
            },
            Err(error) => failed(Problem::File {
                path,
                reason: error.to_string(),
            }),
        },
        Request::TakeOut { path } => take_out(lab, path),
        Request::Transcript => Response::Transcript(lab.transcript_text(true)),
        Request::Share => match share::encode(&lab.transcript_text(false)) {
            Ok(code) => Response::ShareCode(code),
            Err(characters) => failed(Problem::ShareTooLong {
                characters: characters as u32,
            }),
        },
        // A terminal is 80 columns wide for what runs in it, whatever the page shows: what a tool prints depends on
        // the transcript alone.
        Request::Resize { .. } => Response::Done,
        _ => failed(Problem::NoLab),
    }
}

fn view(lab: &Lab, engine: String, revision: u64) -> Response {
    if revision == lab.revision {
        return Response::View {
            engine,
            revision,
            bytes: Vec::new(),
        };
    }
    let Some(found) = lab.state.engines.iter().find(|e| e.name() == engine) else {
        return failed(Problem::Lesson {
            reason: format!("there is no engine `{engine}`"),
        });
    };
    let env = essaim_kernel::process::Environment::new();
    let (cwd, env) = lab
        .state
        .machine
        .shell_context(0)
        .unwrap_or((lab.spec.folder.as_bytes(), &env));
    let view = found.view(&lab.state.machine.glance(cwd, env));
    Response::View {
        engine,
        revision: lab.revision,
        bytes: view.bytes,
    }
}

fn list(lab: &Lab, folder: String, recursive: bool) -> Response {
    let files = lab.state.machine.files();
    let mut entries = Vec::new();
    let mut cut = false;
    let mut ahead = vec![Vec::new()];
    while let Some(below) = ahead.pop() {
        let here = path::join(folder.as_bytes(), &below);
        let names = match files.read_dir(&here) {
            Ok(names) => names,
            Err(error) if below.is_empty() => {
                return failed(Problem::File {
                    path: folder,
                    reason: error.to_string(),
                });
            }
            Err(_) => continue,
        };
        for name in names {
            if entries.len() >= FOLDER_ENTRIES_MAX {
                cut = true;
                break;
            }
            let mut relative = below.clone();
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(&name);
            let Ok(metadata) = files.symlink_metadata(&path::join(folder.as_bytes(), &relative)) else {
                continue;
            };
            // A repository's inside is looked at on demand only.
            if recursive && metadata.is_dir() && name != b".git" {
                ahead.push(relative.clone());
            }
            entries.push(FolderEntry {
                path: String::from_utf8_lossy(&relative).into_owned(),
                is_folder: metadata.is_dir(),
                size_bytes: metadata.size,
            });
        }
    }
    entries.small_sort_by(|a, b| a.path.cmp(&b.path));
    Response::Folder {
        path: folder,
        entries,
        cut,
    }
}

fn take_out(lab: &Lab, folder: String) -> Response {
    let files = lab.state.machine.files();
    let mut out = Vec::new();
    let mut bytes = 0;
    let mut ahead = vec![Vec::new()];
    while let Some(relative) = ahead.pop() {
        let here = path::join(folder.as_bytes(), &relative);
        let Ok(metadata) = files.symlink_metadata(&here) else {
            continue;
        };
        if metadata.is_dir() {
            for name in files.read_dir(&here).unwrap_or_default() {
                let mut below = relative.clone();
                if !below.is_empty() {
                    below.push(b'/');
                }
                below.extend_from_slice(&name);
                ahead.push(below);
            }
        } else if let Ok(content) = files.read(&here) {
            bytes += content.len();
            if bytes > TAKE_OUT_BYTES_MAX {
                return failed(Problem::Limit {
                    name: "take_out_bytes_max".to_owned(),
                });
            }
            let name = if relative.is_empty() {
                path::file_name(folder.as_bytes())
            } else {
                relative.as_slice()
            };
            out.push((
                String::from_utf8_lossy(name).into_owned(),
                metadata.mode,
                content.to_vec(),
            ));
        }
    }
    out.small_sort();
    Response::Files(out)
}
