//! Where the table goes: redrawn in place on a terminal, as plain blocks elsewhere.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};

use tokio::process::Command;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::table::Colours;

/// Seconds between two plain blocks.
const PLAIN_EVERY: u64 = 5;

const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
/// Without wrapping, a line that is too long for the terminal still is one line.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
const END_OF_LINE: &str = "\x1b[K\n";
const CLEAR_BELOW: &str = "\x1b[J";
const CLEAR_ALL: &str = "\x1b[2J\x1b[H";

/// The way to the user. Dropping it leaves the terminal as it was.
pub(crate) struct Screen {
    out: Box<dyn Write + Send>,
    /// A terminal, and the news of its size.
    live: Option<Signal>,
    colours: Colours,
    /// What stands above the table.
    head: Vec<String>,
    /// Lines of the table that are on the screen.
    drawn: usize,
    /// Lines of the terminal.
    height: usize,
    ticks: u64,
}

impl Screen {
    /// On stdout, or on stderr.
    pub(crate) fn new(stderr: bool) -> io::Result<Self> {
        let (out, terminal): (Box<dyn Write + Send>, _) = if stderr {
            (Box::new(io::stderr()), io::stderr().is_terminal())
        } else {
            (Box::new(io::stdout()), io::stdout().is_terminal())
        };
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let live = terminal && set("TERM").is_some_and(|term| term != "dumb");
        let colours = live && set("NO_COLOR").is_none();
        Ok(Self {
            out,
            live: live.then(|| signal(SignalKind::window_change())).transpose()?,
            colours: if colours { Colours::Yes } else { Colours::No },
            head: Vec::new(),
            drawn: 0,
            height: usize::MAX,
            ticks: 0,
        })
    }

    pub(crate) fn colours(&self) -> Colours {
        self.colours
    }

    /// Prints what stands above the table.
    pub(crate) async fn begin(&mut self, head: Vec<String>) -> io::Result<()> {
        self.head = head;
        if self.live.is_some() {
            self.height = height().await;
            self.out.write_all(HIDE_CURSOR.as_bytes())?;
        }
        self.print(&self.head.clone())
    }

    /// Completes when the terminal has another size, after everything was drawn anew.
    pub(crate) async fn resized(&mut self) -> io::Result<()> {
        match &mut self.live {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        };
        self.height = height().await;
        self.drawn = 0;
        self.out.write_all(CLEAR_ALL.as_bytes())?;
        self.print(&self.head.clone())
    }

    /// Whether the table of this second is wanted; to be asked once a second.
    pub(crate) fn is_due(&mut self) -> bool {
        self.ticks += 1;
        self.live.is_some() || self.ticks.is_multiple_of(PLAIN_EVERY)
    }

    /// Shows the table.
    pub(crate) fn show(&mut self, lines: &[String]) -> io::Result<()> {
        if self.live.is_none() {
            self.print(lines)?;
            return self.print(&[String::new()]);
        }
        // One write, so that no half-drawn table is ever seen.
        let mut frame = NO_WRAP.to_owned();
        if self.drawn > 0 {
            // Writing to a string cannot fail.
            let _infallible = write!(frame, "\x1b[{}F", self.drawn);
        }
        // What does not fit would scroll, and could not be drawn over.
        let lines = &lines[..lines.len().min(self.height.saturating_sub(1))];
        for line in lines {
            frame.push_str(line);
            frame.push_str(END_OF_LINE);
        }
        self.drawn = lines.len();
        frame.push_str(CLEAR_BELOW);
        frame.push_str(WRAP);
        self.write(&frame)
    }

    /// Prints the last lines, below everything.
    pub(crate) fn end(&mut self, lines: &[String]) -> io::Result<()> {
        if self.live.is_some() {
            self.print(&[String::new()])?;
        }
        self.print(lines)
    }

    fn print(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = lines.join("\n");
        text.push('\n');
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.live.is_some() {
            // A terminal that is gone needs no cursor.
            let _gone = self.write(&format!("{WRAP}{SHOW_CURSOR}"));
        }
    }
}

/// Lines of the terminal, as `stty` has them; 24 if it does not say.
async fn height() -> usize {
    let asked = async {
        let terminal = File::open("/dev/tty").ok()?;
        let said = Command::new("stty").arg("size").stdin(terminal).output().await.ok()?;
        let text = String::from_utf8(said.stdout).ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    asked.await.filter(|&lines| lines > 0).unwrap_or(24)
}
