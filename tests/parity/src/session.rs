//! Sessions, and their text form in a baseline.

use std::fmt::Write as _;

/// One thing done in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A file of the working tree gets this content (its folders are made).
    Write(String, String),
    /// A file is removed, if it is there.
    Delete(String),
    /// A file becomes executable, or not.
    Executable(String, bool),
    /// A symbolic link: path, target.
    Link(String, String),
    /// A Git command: the arguments after `git`.
    Git(Vec<String>),
}

/// What the real Git answered to one command.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// Hash of stdout.
    pub stdout: u64,
    /// Hash of stderr.
    pub stderr: u64,
    /// Hash of the state afterwards.
    pub state: u64,
}

/// A session with the real Git's answers, one per [`Action::Git`].
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Its seed.
    pub seed: u64,
    /// What is done.
    pub actions: Vec<Action>,
    /// The answers, in order.
    pub answers: Vec<Answer>,
}

impl Session {
    /// The text form.
    pub fn to_text(&self) -> String {
        let mut out = format!("session {}\n", self.seed);
        let mut answers = self.answers.iter();
        for action in &self.actions {
            match action {
                Action::Write(path, content) => _ = writeln!(out, "w {} {}", quote(path), quote(content)),
                Action::Delete(path) => _ = writeln!(out, "d {}", quote(path)),
                Action::Executable(path, on) => _ = writeln!(out, "x {} {}", quote(path), u8::from(*on)),
                Action::Link(path, target) => _ = writeln!(out, "l {} {}", quote(path), quote(target)),
                Action::Git(args) => {
                    let args: Vec<String> = args.iter().map(|a| quote(a)).collect();
                    let answer = answers.next().cloned().unwrap_or_default();
                    _ = writeln!(
                        out,
                        "{} {:016x} {:016x} {:016x} $ {}",
                        answer.code,
                        answer.stdout,
                        answer.stderr,
                        answer.state,
                        args.join(" ")
                    );
                }
            }
        }
        out
    }

    /// Reads a baseline. A line that cannot be read is named.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let mut sessions: Vec<Self> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let problem = || format!("baseline line {}: cannot be read", number + 1);
            if let Some(seed) = line.strip_prefix("session ") {
                sessions.push(Self {
                    seed: seed.parse().map_err(|_| problem())?,
                    ..Self::default()
                });
                continue;
            }
            let session = sessions.last_mut().ok_or_else(problem)?;
            if let Some((answer, command)) = line.split_once(" $ ")
                && line.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            {
                session.answers.push(parse_answer(answer).ok_or_else(problem)?);
                session
                    .actions
                    .push(Action::Git(unquote_words(command).ok_or_else(problem)?));
                continue;
            }
            let words = unquote_words(line.get(2..).unwrap_or_default()).ok_or_else(problem)?;
            session.actions.push(match (line.as_bytes().first(), words.as_slice()) {
                (Some(b'w'), [path, content]) => Action::Write(path.clone(), content.clone()),
                (Some(b'd'), [path]) => Action::Delete(path.clone()),
                (Some(b'x'), [path, on]) => Action::Executable(path.clone(), on == "1"),
                (Some(b'l'), [path, target]) => Action::Link(path.clone(), target.clone()),
                _ => return Err(problem()),
            });
        }
        Ok(sessions)
    }
}

fn parse_answer(text: &str) -> Option<Answer> {
    let mut parts = text.split(' ');
    let code = parts.next()?.parse().ok()?;
    let mut hash = || u64::from_str_radix(parts.next()?, 16).ok();
    Some(Answer {
        code,
        stdout: hash()?,
        stderr: hash()?,
        state: hash()?,
    })
}

/// A word in double quotes, with `\n`, `\t`, `\"`, `\\`.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@^~{}*,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn unquote_words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '"' => {
                let mut word = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => word.push(match chars.next()? {
                            'n' => '\n',
                            't' => '\t',
                            'r' => '\r',
                            c => c,
                        }),
                        c => word.push(c),
                    }
                }
                words.push(word);
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| *c != ' ') {
                    word.push(c);
                }
                words.push(word);
            }
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let session = Session {
            seed: 7,
            actions: vec![
                Action::Write("src/a b.py".into(), "x = \"1\"\n\ty\\\n".into()),
                Action::Git(vec!["commit".into(), "-m".into(), String::new(), "é $ x".into()]),
                Action::Link("l".into(), "../t".into()),
            ],
            answers: vec![Answer {
                code: 1,
                stdout: 2,
                stderr: 3,
                state: u64::MAX,
            }],
        };
        let read = Session::parse_all(&session.to_text()).expect("it was just written");
        assert_eq!(read[0].actions, session.actions);
        assert_eq!(read[0].answers, session.answers);
    }
}
