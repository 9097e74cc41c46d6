//! What a container's command line starts, behind whatever wrappers and shells.

use super::shell::{self, Scope};
use crate::container::Environment;

/// So many shells within shells are looked through.
const DEEPEST: usize = 3;

/// So much is made of all scripts together, in bytes.
const MOST: usize = 512 * 1024;

const SHELLS: [&str; 9] = ["ash", "bash", "busybox", "dash", "ksh", "runuser", "sh", "su", "zsh"];

/// Commands that only speak of programs.
const TALKERS: [&str; 17] = [
    "apk", "apt", "apt-get", "cat", "command", "cp", "curl", "echo", "grep", "kill", "ls", "pgrep",
    "pip", "pip3", "pkill", "printf", "which",
];

/// What is started, and the words behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    pub(super) program: Program,
    pub(super) arguments: Vec<String>,
}

/// Programs that are known by how they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// `vllm serve`, and whether the model's name may stand alone.
    Vllm {
        /// As it may behind `vllm serve`.
        positional: bool,
    },
    /// LiteLLM's proxy.
    Litellm,
    /// One of Weir's daemons.
    Weir,
    /// Ray, as the head or as a worker.
    Ray {
        /// Whether it is the head.
        head: bool,
    },
    /// A part of vLLM or LiteLLM that serves nothing.
    Tool,
}

/// What is started first, if it is known, and whether several engines are.
pub(super) fn find(argv: &[String], env: &Environment) -> (Option<Launch>, bool) {
    let mut search = Search { env, left: MOST, found: Vec::new() };
    search.words(argv, DEEPEST);
    let found = search.found;
    let engine = |launch: &&Launch| matches!(launch.program, Program::Vllm { .. });
    let several = found.iter().filter(engine).count() > 1;
    // Of several the one that answers requests counts.
    let first = found.iter().enumerate().min_by_key(|(at, launch)| (weight(launch.program), *at));
    (first.map(|(_, launch)| launch.clone()), several)
}

fn weight(program: Program) -> u8 {
    match program {
        Program::Vllm { .. } => 0,
        Program::Litellm => 1,
        Program::Weir => 2,
        Program::Ray { .. } => 3,
        Program::Tool => 4,
    }
}

struct Search<'a> {
    env: &'a Environment,
    /// So much may still be made of scripts, in bytes.
    left: usize,
    found: Vec<Launch>,
}

impl Search<'_> {
    fn words(&mut self, words: &[String], depth: usize) {
        for (at, word) in words.iter().enumerate() {
            let name = base(word);
            // A script may be stepped over (`bash start.sh vllm serve …`), so that the search goes on.
            if SHELLS.contains(&name)
                && let Some((script, rest)) = script_of(&words[at + 1..])
            {
                return self.script(script, rest, depth);
            }
            if name == "eval" {
                return self.script(&words[at + 1..].join(" "), &[], depth);
            }
            if TALKERS.contains(&name) && is_command(words, at) {
                return;
            }
            if let Some(launch) = launch_at(words, at) {
                self.found.push(launch);
                return;
            }
        }
    }

    fn script(&mut self, script: &str, rest: &[String], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let mut scope = Scope::new(self.env, rest);
        for command in shell::commands(script, &mut scope, &mut self.left) {
            self.words(&command, depth);
        }
    }
}

/// The script of `sh -c SCRIPT`, `bash -lc SCRIPT`, `su - user -c SCRIPT`, and what follows it.
fn script_of(words: &[String]) -> Option<(&str, &[String])> {
    let has_c = |word: &String| {
        word == "--command"
            || word
                .strip_prefix('-')
                .is_some_and(|flags| !flags.starts_with('-') && flags.contains('c'))
    };
    // Options come before the script, and few of them; a script's own arguments are not its options.
    let at = words.iter().take(6).position(has_c)?;
    let plain = |word: &&String| !word.starts_with(['-', '+']) && !word.contains("pipefail");
    let files = words[..at].iter().filter(plain).filter(|word| word.contains(['.', '/'])).count();
    (files == 0).then_some(())?;
    Some((words.get(at + 1)?.as_str(), words.get(at + 2..).unwrap_or_default()))
}

/// Whether the word at this place can be a program: the first one, or behind wrappers, and not the value
/// of an option.
fn is_command(words: &[String], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| words[before].as_str()) else { return true };
    let init = ["catatonit", "dumb-init", "tini"].contains(&base(&words[0]));
    !before.starts_with('-') || before == "--" || init
}

fn launch_at(words: &[String], at: usize) -> Option<Launch> {
    let behind = |count: usize| words.get(at + count..).unwrap_or_default().to_vec();
    let next = words.get(at + 1).map_or("", String::as_str);
    let word = words[at].as_str();
    match base(word) {
        "vllm" => return vllm(next, behind(2)),
        "-m" => return module(next, words, at + 2),
        "litellm" | "litellm-proxy" if is_command(words, at) => {
            return Some(Launch { program: Program::Litellm, arguments: behind(1) });
        }
        "ray" if next == "start" => return Some(ray(behind(2))),
        "multi-node-serving.sh" if next == "worker" => {
            return Some(Launch { program: Program::Ray { head: false }, arguments: behind(2) });
        }
        "weir-proxy" | "weir-discovery" | "weir-gpu-exporter" if is_command(words, at) => {
            return Some(Launch { program: Program::Weir, arguments: behind(1) });
        }
        _ => {}
    }
    if let Some(glued) = word.strip_prefix("-m").filter(|name| name.contains('.')) {
        return module(glued, words, at + 1);
    }
    if word.ends_with("vllm/entrypoints/openai/api_server.py") {
        return Some(server(behind(1)));
    }
    if word.ends_with("litellm/proxy/proxy_cli.py") {
        return Some(Launch { program: Program::Litellm, arguments: behind(1) });
    }
    // uvicorn and gunicorn take their own options on both sides of it.
    let app = word.starts_with("litellm.proxy.proxy_server:");
    app.then(|| Launch { program: Program::Litellm, arguments: words.to_vec() })
}

/// `vllm <subcommand>`
fn vllm(subcommand: &str, arguments: Vec<String>) -> Option<Launch> {
    let program = match subcommand {
        "serve" => Program::Vllm { positional: true },
        "bench" | "chat" | "collect-env" | "complete" | "run-batch" => Program::Tool,
        _ => return None,
    };
    Some(Launch { program, arguments })
}

fn server(arguments: Vec<String>) -> Launch {
    Launch { program: Program::Vllm { positional: false }, arguments }
}

/// `python3 -m <module>`
fn module(name: &str, words: &[String], behind: usize) -> Option<Launch> {
    let arguments = words.get(behind..).unwrap_or_default();
    match name {
        "vllm" | "vllm.scripts" | "vllm.entrypoints.cli.main" => {
            let subcommand = arguments.first().map_or("", String::as_str);
            vllm(subcommand, arguments.get(1..).unwrap_or_default().to_vec())
        }
        "vllm.entrypoints.openai.run_batch" => {
            Some(Launch { program: Program::Tool, arguments: arguments.to_vec() })
        }
        "litellm" | "litellm.proxy.proxy_cli" => {
            Some(Launch { program: Program::Litellm, arguments: arguments.to_vec() })
        }
        // Builds for other hardware have it below a name of their own.
        name if name.contains("vllm") && name.ends_with("entrypoints.openai.api_server") => {
            Some(server(arguments.to_vec()))
        }
        "vllm.entrypoints.api_server" => Some(server(arguments.to_vec())),
        _ => None,
    }
}

fn ray(arguments: Vec<String>) -> Launch {
    let head = arguments.iter().any(|argument| argument == "--head");
    Launch { program: Program::Ray { head }, arguments }
}

/// A program without its folder.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
