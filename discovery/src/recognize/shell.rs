//! A shell's script taken apart into the commands that it runs, as far as one can tell without running it.

mod parameter;
#[cfg(test)]
mod tests;

use std::iter::Peekable;
use std::str::Chars;

pub(super) use parameter::Scope;

/// So much of a script is read, in bytes.
const LONGEST_SCRIPT: usize = 64 * 1024;

/// Longest word, in bytes; what is longer is cut.
const LONGEST_WORD: usize = 8 * 1024;

/// So many words of a script are kept.
const MOST_WORDS: usize = 4096;

/// Takes a script apart: each command is a list of words. Variables are replaced by what the environment,
/// or the script itself, says; what only a shell can know stays as it is written.
///
/// No more than `left` bytes are made of it, which counts down: a variable can hold a script that holds
/// the variable.
pub(super) fn commands(script: &str, scope: &mut Scope<'_>, left: &mut usize) -> Vec<Vec<String>> {
    let end = script.floor_char_boundary(LONGEST_SCRIPT);
    let script = &script[..end];
    let mut splitter = Splitter {
        chars: script.chars().peekable(),
        scope,
        commands: Vec::new(),
        words: Vec::new(),
        word: None,
        total: 0,
        left,
        dropping: false,
    };
    splitter.run();
    splitter.commands
}

struct Splitter<'a, 'b, 'e> {
    chars: Peekable<Chars<'a>>,
    scope: &'b mut Scope<'e>,
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    /// `None`: between words.
    word: Option<String>,
    total: usize,
    left: &'b mut usize,
    /// The next word is where output goes to.
    dropping: bool,
}

impl Splitter<'_, '_, '_> {
    fn run(&mut self) {
        while *self.left > 0
            && let Some(c) = self.chars.next()
        {
            match c {
                '\n' | ';' | '|' | '(' | ')' => self.end_command(),
                '&' if self.chars.peek() == Some(&'>') => self.end_word(),
                '&' => self.end_command(),
                '>' | '<' => self.redirect(),
                '#' if self.word.is_none() => while self.chars.next_if(|c| *c != '\n').is_some() {},
                c if c.is_whitespace() => self.end_word(),
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                '\\' => self.escaped(),
                '$' => self.parameter(false),
                '`' => self.command_output(),
                c => self.push(c),
            }
        }
        self.end_command();
    }

    fn push(&mut self, c: char) {
        *self.left = self.left.saturating_sub(c.len_utf8());
        let word = self.word.get_or_insert_default();
        if word.len() < LONGEST_WORD {
            word.push(c);
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.dropping) || self.total >= MOST_WORDS {
            return;
        }
        self.total += 1;
        self.words.push(word);
    }

    fn end_command(&mut self) {
        self.end_word();
        self.dropping = false;
        let words = std::mem::take(&mut self.words);
        if words.is_empty() {
            return;
        }
        if !self.scope.assign(&words) {
            self.commands.push(words);
        }
    }

    /// `2>&1`, `>> file`, `< file`: the number before and the word behind are no arguments.
    fn redirect(&mut self) {
        let number =
            |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        if self.word.as_ref().is_some_and(number) {
            self.word = None;
        }
        self.end_word();
        while self.chars.next_if(|c| matches!(c, '>' | '<' | '&' | '|' | '-')).is_some() {}
        self.dropping = true;
    }

    fn single_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.chars.next_if(|c| *c != '\'') {
            self.push(c);
        }
        self.chars.next();
    }

    fn double_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.chars.next() {
            match c {
                '"' => return,
                '\\' => match self.chars.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.push(c),
                    Some(c) => {
                        self.push('\\');
                        self.push(c);
                    }
                },
                '$' => self.parameter(true),
                '`' => self.command_output(),
                c => self.push(c),
            }
        }
    }

    fn escaped(&mut self) {
        match self.chars.next() {
            Some('\n') | None => {}
            Some(c) => self.push(c),
        }
    }

    /// What stands in backticks is not known, and stays.
    fn command_output(&mut self) {
        self.push('`');
        while let Some(c) = self.chars.next() {
            self.push(c);
            if c == '`' {
                return;
            }
        }
    }

    fn parameter(&mut self, quoted: bool) {
        let Some(parameter) = parameter::read(&mut self.chars) else {
            self.push('$');
            return;
        };
        if parameter == "@" || parameter == "*" {
            self.arguments();
            return;
        }
        // What is assigned is not split.
        let whole = quoted || self.word.as_deref().is_some_and(parameter::is_assignment);
        match self.scope.value(&parameter) {
            Some(value) if whole => value.chars().for_each(|c| self.push(c)),
            Some(value) => self.split(&value),
            None => parameter::written(&parameter).chars().for_each(|c| self.push(c)),
        }
    }

    /// The value of a variable outside quotes is several words where there is space in it.
    fn split(&mut self, value: &str) {
        for c in value.chars() {
            if c.is_whitespace() {
                self.end_word();
            } else {
                self.push(c);
            }
        }
    }

    /// `"$@"`: the words behind the script.
    fn arguments(&mut self) {
        if self.word.as_ref().is_some_and(String::is_empty) {
            self.word = None;
        }
        for argument in self.scope.arguments() {
            self.end_word();
            self.word = Some(String::new());
            argument.chars().for_each(|c| self.push(c));
        }
    }
}
