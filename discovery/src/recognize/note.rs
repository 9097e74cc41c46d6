//! What is worth saying about how a container was recognised. Nothing of the container's own text is in
//! it.

use std::fmt;

/// Something that an operator may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A label can't be used: which, and what was expected.
    Label(&'static str, &'static str),
    /// A value on the command line or in the environment can't be used: of what, and what was expected.
    Value(&'static str, &'static str),
    /// More names of models than are taken over.
    ManyModels,
    /// Settings stand in a file that can't be seen from here: model, names and port may be in it.
    ConfigFile,
    /// Neither label nor command names the port: it was guessed.
    PortGuessed,
    /// It listens on its own loopback only.
    LoopbackOnly,
    /// It is one rank of a data-parallel engine.
    DataParallelRank,
    /// Its script starts several engines: the first is shown.
    SeveralEngines,
    /// It starts Ray's head, in which an engine may be started later.
    RayHead,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label, expected) => {
                write!(f, "its label {label} is not used: expected {expected}")
            }
            Self::Value(what, expected) => write!(f, "its {what} is not used: expected {expected}"),
            Self::ManyModels => f.write_str("it names more models than are shown"),
            Self::ConfigFile => {
                f.write_str("it is configured by a file that can't be seen from here")
            }
            Self::PortGuessed => {
                f.write_str("its port was guessed; the label llm.port says which it is")
            }
            Self::LoopbackOnly => f.write_str("it listens on its own loopback only"),
            Self::DataParallelRank => f.write_str("it is one rank of a data-parallel engine"),
            Self::SeveralEngines => f.write_str("its script starts several engines"),
            Self::RayHead => f.write_str("it starts Ray, in which an engine may be started later"),
        }
    }
}

/// Why a container is not asked, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// Its label `llm.role` says so.
    Ignored,
    /// It runs engines for an API server elsewhere.
    Headless,
    /// It works for Ray's head.
    RayWorker,
    /// It listens on a socket in its own file system.
    UnixSocket,
    /// It runs a tool that serves nothing, such as a benchmark or a worker of a queue.
    NoServer,
}

impl SkipReason {
    /// In one word, for pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignored => "ignored",
            Self::Headless => "headless",
            Self::RayWorker => "ray_worker",
            Self::UnixSocket => "unix_socket",
            Self::NoServer => "no_server",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "its label llm.role says to ignore it",
            Self::Headless => "it runs engines for an API server elsewhere",
            Self::RayWorker => "it works for a Ray head elsewhere and serves no API",
            Self::UnixSocket => "it listens on a Unix socket only",
            Self::NoServer => "what it runs serves no API",
        })
    }
}
