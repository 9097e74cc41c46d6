//! Variables in a script: `$NAME`, `${NAME:-default}`, and what they stand for.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::container::Environment;

/// So many variables of a script's own are kept.
const MOST_SET: usize = 256;

/// Longest text between braces, and longest value, in bytes; what is longer is cut.
const LONGEST: usize = 4096;

/// How deep defaults may hold variables themselves.
const DEEPEST: usize = 3;

/// Parts of names of variables that hold secrets: their values go nowhere.
const SECRET: [&str; 7] = ["KEY", "TOKEN", "SECRET", "PASS", "PWD", "CREDENTIAL", "AUTH"];

/// What variables stand for.
pub(in crate::recognize) struct Scope<'a> {
    env: &'a Environment,
    set: BTreeMap<String, String>,
    arguments: &'a [String],
}

impl<'a> Scope<'a> {
    /// `arguments`: what follows the script; the first of it is `$0`.
    pub(in crate::recognize) fn new(env: &'a Environment, arguments: &'a [String]) -> Self {
        Self { env, set: BTreeMap::new(), arguments }
    }

    /// What `$@` stands for.
    pub(super) fn arguments(&self) -> &'a [String] {
        self.arguments.get(1..).unwrap_or_default()
    }

    /// Whether these words only set variables, which are then known.
    pub(super) fn assign(&mut self, words: &[String]) -> bool {
        let keyword = ["export", "local", "readonly", "declare"];
        let from = usize::from(keyword.contains(&words[0].as_str()));
        let assignments: Option<Vec<_>> =
            words[from..].iter().map(|word| assignment(word)).collect();
        let Some(assignments) = assignments else { return false };
        for (name, value) in assignments {
            if self.set.len() < MOST_SET {
                self.set.insert(name.to_owned(), value.to_owned());
            }
        }
        true
    }

    /// What stands between braces, or behind the `$`, means; `None` where only a shell knows.
    pub(super) fn value(&self, parameter: &str) -> Option<String> {
        self.value_within(parameter, DEEPEST)
    }

    fn value_within(&self, parameter: &str, depth: usize) -> Option<String> {
        let name_ends = parameter.find(|c: char| !in_name(c)).unwrap_or(parameter.len());
        let (name, operator) = parameter.split_at(name_ends);
        let value = self.variable(name)?;
        let set = value.as_deref();
        let filled = set.filter(|value| !value.is_empty());
        let word = |word: &str| self.replaced(unquoted(word), depth);
        match operator {
            // A variable that nobody set here may be set by what nobody sees.
            "" => value,
            _ => match operator.split_at_checked(2) {
                Some((":-" | ":=", default)) => filled.map_or_else(|| word(default), known),
                Some((":+", other)) => filled.map_or_else(|| known(""), |_| word(other)),
                _ => match operator.split_at_checked(1)? {
                    ("-" | "=", default) => set.map_or_else(|| word(default), known),
                    ("+", other) => set.map_or_else(|| known(""), |_| word(other)),
                    _ => None,
                },
            },
        }
    }

    /// `Some(None)`: it is not set. `None`: what it holds is not looked at.
    fn variable(&self, name: &str) -> Option<Option<String>> {
        let upper = name.to_ascii_uppercase();
        if name.is_empty() || SECRET.iter().any(|part| upper.contains(part)) {
            return None;
        }
        if let Ok(number) = name.parse::<usize>() {
            return Some(self.arguments.get(number).map(|value| cut(value).to_owned()));
        }
        let set = self.set.get(name).map(String::as_str);
        Some(set.or_else(|| self.env.get(name)).map(|value| cut(value).to_owned()))
    }

    /// A default in which there are variables again.
    fn replaced(&self, text: &str, depth: usize) -> Option<String> {
        if !text.contains('$') {
            return known(text);
        }
        let depth = depth.checked_sub(1)?;
        let mut replaced = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next().filter(|_| replaced.len() < LONGEST) {
            if c == '$' {
                let parameter = read(&mut chars)?;
                replaced.push_str(&self.value_within(&parameter, depth)?);
            } else if c != '"' {
                replaced.push(c);
            }
        }
        Some(replaced)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "stands where others may not know")]
fn known(value: &str) -> Option<String> {
    Some(value.to_owned())
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(LONGEST)]
}

fn unquoted(text: &str) -> &str {
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Whether a word sets a variable.
pub(super) fn is_assignment(word: &str) -> bool {
    assignment(word).is_some()
}

/// `NAME=value`
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let first = name.chars().next()?;
    (name.chars().all(in_name) && !first.is_ascii_digit()).then_some((name, value))
}

fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Reads what follows a `$`: the name, or what stands between the braces. `None`: it is no parameter.
pub(super) fn read(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    match *chars.peek()? {
        '{' => {
            chars.next();
            between(chars, '{', '}')
        }
        '(' => {
            chars.next();
            between(chars, '(', ')').map(|inside| format!("({inside})"))
        }
        c @ ('@' | '*') => {
            chars.next();
            Some(c.to_string())
        }
        c if c.is_ascii_digit() => {
            chars.next();
            Some(c.to_string())
        }
        _ => {
            let mut name = String::new();
            while let Some(c) = chars.next_if(|c| in_name(*c)) {
                name.push(c);
            }
            (!name.is_empty()).then_some(name)
        }
    }
}

fn between(chars: &mut Peekable<Chars<'_>>, open: char, close: char) -> Option<String> {
    let (mut inside, mut depth) = (String::new(), 0_usize);
    for c in chars.by_ref() {
        if c == close && depth == 0 {
            return Some(inside);
        }
        depth = if c == open {
            depth + 1
        } else if c == close {
            depth - 1
        } else {
            depth
        };
        if inside.len() < LONGEST {
            inside.push(c);
        }
    }
    Some(inside)
}

/// How a parameter that is not known was written.
pub(super) fn written(parameter: &str) -> String {
    format!("${{{parameter}}}")
}
