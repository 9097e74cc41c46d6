//! Events that differ from an earlier one of their stream only in what does not matter are told by
//! comparing bytes, without being parsed again.
//!
//! An event that was parsed and said no more than that there is content leaves its [`Shape`]: all of
//! its bytes but the values of members that its dialect's reader does not look into
//! ([`Dialect::open_members`](crate::dialect::Dialect::open_members)): the text itself, numbers
//! that go up. What has the same bytes round values of the same kind says the same, whatever the
//! server and the order of its keys, and saying it again changes nothing but times. Everything else
//! is parsed: empty texts, control characters, other spaces, members in another order.

mod scan;

use std::ops::Range;

use scan::Kind;

use crate::dialect::Content;

/// Shapes that are kept: reasoning and answer, or some choices that take turns.
const MOST: usize = 4;
/// Longest shape; in longer events the content is not what costs.
const LONGEST: usize = 512;
/// Longest event that is looked at for a shape.
const LONGEST_EVENT: usize = 64 << 10;
/// Texts, and numbers, that are left open in a shape.
const MOST_OPEN: usize = 6;
/// Shapes that may be learnt in vain. Each event that is met pays for one more, since it spares more
/// than learning costs.
const TRIES: u64 = 8;

/// What the content events of one stream look like.
#[derive(Debug)]
pub(crate) struct Skim {
    shapes: Vec<Shape>,
    /// The shape that was met or learnt last.
    last: usize,
    learns: bool,
    learnt: u64,
    /// Events that were like an earlier one.
    met: u64,
}

impl Skim {
    pub(crate) fn new() -> Self {
        Self { shapes: Vec::new(), last: 0, learns: true, learnt: 0, met: 0 }
    }

    /// One that knows nothing and learns nothing.
    pub(crate) fn off() -> Self {
        Self { learns: false, ..Self::new() }
    }

    /// How many events were like an earlier one.
    pub(crate) fn met(&self) -> u64 {
        self.met
    }

    /// Length of the event that `bytes` begin with, if it is like an earlier one, and what it says.
    pub(crate) fn meet(&mut self, bytes: &[u8]) -> Option<(usize, Content)> {
        let last = self.shapes.get_mut(self.last)?;
        let met = match last.length(bytes) {
            Some(length) => (length, last.content),
            None => self.meet_another(bytes)?,
        };
        self.met += 1;
        Some(met)
    }

    /// The same for one that is not like the last.
    #[inline(never)]
    fn meet_another(&mut self, bytes: &[u8]) -> Option<(usize, Content)> {
        let count = self.shapes.len();
        let others = (1..count).map(|step| (self.last + step) % count);
        let (other, length) = others
            .map(|other| (other, self.shapes[other].length(bytes)))
            .find_map(|(other, length)| Some((other, length?)))?;
        self.last = other;
        Some((length, self.shapes[other].content))
    }

    /// Takes down what an event looks like that was parsed and said no more than `content`. The values
    /// of members that are named in `open` may be others.
    pub(crate) fn learn(&mut self, event: &[u8], data: &[u8], open: &[&str], content: Content) {
        let may_learn = self.learns && self.learnt < TRIES + self.met;
        // What an API that is not known writes may be no JSON, and then nothing was read of it; of another event that
        // is, something may be. They could differ in whether their texts are UTF-8, and in nothing else.
        let may_learn = may_learn && std::str::from_utf8(data).is_ok();
        if !may_learn || event.len() > LONGEST_EVENT || !stands_alone(event) {
            return;
        }
        self.learnt += 1;
        let Some(data) = place(data, event) else { return };
        let Some(shape) = Shape::of(event, data, open, content) else { return };
        if self.shapes.len() < MOST {
            self.shapes.reserve_exact(1);
            self.last = self.shapes.len();
            self.shapes.push(shape);
        } else {
            self.last = (self.last + 1) % MOST;
            self.shapes[self.last] = shape;
        }
    }
}

/// Whether an event means the same wherever its bytes come: a byte order mark is one only at the
/// start of a stream, and to a CR at the end may belong an LF that is still to come.
fn stands_alone(event: &[u8]) -> bool {
    event.ends_with(b"\n") && !event.starts_with(b"\xef")
}

/// Where in the event its data stand; nowhere if they were put together from several lines.
fn place(data: &[u8], event: &[u8]) -> Option<Range<usize>> {
    let start = data.as_ptr().addr().checked_sub(event.as_ptr().addr())?;
    let range = start..start.checked_add(data.len())?;
    (range.end <= event.len()).then_some(range)
}

/// An event, but for some values.
#[derive(Debug)]
struct Shape {
    /// Its bytes without the texts that are left open.
    bytes: Box<[u8]>,
    open: [Open; MOST_OPEN],
    opens: usize,
    /// Numbers have been seen to change. Until then they are compared as they are, which is cheaper:
    /// some change with every event, others once in a second.
    numbers_change: bool,
    content: Content,
}

/// A value that is left open.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// Where in the bytes of the shape it is.
    at: u16,
    /// Bytes of the number that stands there; none for a text.
    digits: u16,
}

impl Shape {
    /// `None` where it would be too large, or `data` is not what it should be.
    fn of(event: &[u8], data: Range<usize>, names: &[&str], content: Content) -> Option<Self> {
        let mut bytes = Vec::with_capacity(event.len().min(LONGEST));
        let mut open = [Open::default(); MOST_OPEN];
        let mut opens = 0;
        let mut from = 0;
        scan::values(event.get(data.clone())?, names, |value, kind| {
            let start = data.start + value.start;
            bytes.extend_from_slice(event.get(from..start)?);
            let is_number = kind == Kind::Number;
            let digits = if is_number { value.len() } else { 0 };
            let (at, digits) = (bytes.len().try_into().ok()?, digits.try_into().ok()?);
            *open.get_mut(opens)? = Open { at, digits };
            opens += 1;
            from = if is_number { start } else { data.start + value.end };
            Some(())
        })?;
        bytes.extend_from_slice(event.get(from..)?);
        let (numbers_change, fits) = (false, bytes.len() <= LONGEST);
        let bytes = bytes.into_boxed_slice();
        fits.then_some(Self { bytes, open, opens, numbers_change, content })
    }

    /// Length of the event of this shape that `event` begins with.
    fn length(&mut self, event: &[u8]) -> Option<usize> {
        match self.length_if(self.numbers_change, event) {
            None if !self.numbers_change => self.length_with_other_numbers(event),
            length => length,
        }
    }

    #[inline(never)]
    fn length_with_other_numbers(&mut self, event: &[u8]) -> Option<usize> {
        let length = self.length_if(true, event)?;
        self.numbers_change = true;
        Some(length)
    }

    #[inline(always)]
    fn length_if(&self, numbers_change: bool, event: &[u8]) -> Option<usize> {
        let mut rest = event;
        let mut from = 0;
        for open in self.open.get(..self.opens)? {
            let (at, digits) = (usize::from(open.at), usize::from(open.digits));
            let is_number = digits > 0;
            if is_number && !numbers_change {
                continue;
            }
            rest = rest.strip_prefix(self.bytes.get(from..at)?)?;
            let length = if is_number { scan::number(rest) } else { scan::text(rest) };
            rest = rest.get(length?..)?;
            from = at + digits;
        }
        rest = rest.strip_prefix(self.bytes.get(from..)?)?;
        Some(event.len() - rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content = Content { reasoning: false, answer: true };
    const NAMES: &[&str] = &["text", "at"];

    fn event(text: &str, at: &str) -> String {
        format!("data: {{\"id\":\"x\",\"at\":{at},\"text\":\"{text}\",\"end\":null}}\n\n")
    }

    fn learn(skim: &mut Skim, event: &str) {
        let data = event.strip_prefix("data: ").unwrap().trim_end();
        skim.learn(event.as_bytes(), data.as_bytes(), NAMES, CONTENT);
    }

    fn meets(skim: &mut Skim, event: &str) -> bool {
        let met = skim.meet(event.as_bytes());
        assert!(met.is_none_or(|met| met == (event.len(), CONTENT)), "{event} is {met:?}");
        met.is_some()
    }

    #[test]
    fn text_and_numbers_may_be_others() {
        let mut skim = Skim::new();
        assert!(!meets(&mut skim, &event("a", "1")));
        learn(&mut skim, &event("a", "1"));
        for (text, at) in [("a", "1"), ("much longer", "1"), ("\\n", "1"), ("b", "2"), ("c", "100")]
        {
            assert!(meets(&mut skim, &event(text, at)), "{text} {at}");
        }
        for (text, at) in [("", "1"), ("a", "-1"), ("a", "1.5"), ("a", "null"), ("a", "\"1\"")] {
            assert!(!meets(&mut skim, &event(text, at)), "{text} {at}");
        }
        assert_eq!(skim.met(), 5);
    }

    #[test]
    fn all_else_must_be_the_same() {
        let mut skim = Skim::new();
        let known = event("a", "1");
        learn(&mut skim, &known);
        for (from, to) in [
            ("null", "true"),
            ("x", "y"),
            (":", ": "),
            ("id", "ID"),
            ("data: ", "data:"),
            ("data: ", "event: x\ndata: "),
            ("\n\n", "\r\n\r\n"),
            ("\n\n", "\n"),
            ("}", "},"),
        ] {
            assert!(!meets(&mut skim, &known.replacen(from, to, 1)), "{from} → {to}");
        }
    }

    #[test]
    fn only_the_event_at_the_front_is_met() {
        let mut skim = Skim::new();
        let known = event("a", "1");
        learn(&mut skim, &known);
        let both = [known.clone(), event("b", "1")].concat();
        assert_eq!(skim.meet(both.as_bytes()), Some((known.len(), CONTENT)));
        for end in 0..known.len() {
            assert_eq!(skim.meet(&known.as_bytes()[..end]), None);
        }
    }

    #[test]
    fn some_shapes_are_kept_side_by_side() {
        let mut skim = Skim::new();
        let shapes: Vec<_> =
            (0..MOST).map(|index| event("a", "1").replace('x', &index.to_string())).collect();
        shapes.iter().for_each(|shape| learn(&mut skim, shape));
        for shape in shapes.iter().chain(&shapes) {
            assert!(meets(&mut skim, shape));
        }
        learn(&mut skim, &event("a", "1"));
        assert_eq!(skim.shapes.len(), MOST);
        assert!(meets(&mut skim, &event("b", "1")));
        assert!(!meets(&mut skim, &shapes[0]), "the one that was met longest ago has gone");
    }

    #[test]
    fn events_that_are_never_met_again_are_learnt_a_few_times() {
        let mut skim = Skim::new();
        for index in 0..100 {
            learn(&mut skim, &event("a", "1").replace('x', &index.to_string()));
        }
        assert_eq!(skim.learnt, TRIES);
        assert!(meets(&mut skim, &event("a", "1").replace('x', "7")));
        learn(&mut skim, &event("a", "1"));
        assert_eq!(skim.learnt, TRIES + 1, "that one was met pays for another");
    }

    #[test]
    fn what_means_something_else_elsewhere_is_not_learnt() {
        let json = "{\"text\":\"a\"}";
        for (event, data) in [
            (format!("\u{feff}data: {json}\n\n"), json),
            (format!("data: {json}\r\r"), json),
            (format!("data: {}\n\n", "x".repeat(LONGEST)), "x"),
            (event(&"x".repeat(LONGEST_EVENT), "1"), "x"),
        ] {
            let start = event.find(data).unwrap();
            let mut skim = Skim::new();
            let data = &event.as_bytes()[start..start + data.len()];
            skim.learn(event.as_bytes(), data, NAMES, CONTENT);
            assert_eq!(skim.shapes.len(), 0, "{event}");
        }
    }

    #[test]
    fn data_that_were_put_together_are_not_learnt() {
        let mut skim = Skim::new();
        let event = b"data: {\"text\":\ndata: \"a\"}\n\n";
        skim.learn(event, b"{\"text\":\n\"a\"}", NAMES, CONTENT);
        assert_eq!(skim.shapes.len(), 0);
    }

    #[test]
    fn too_many_values_are_not_learnt() {
        let many = |count: usize| format!("{{\"text\":[{}]}}", vec!["\"a\""; count].join(","));
        for (count, shapes) in [(MOST_OPEN, 1), (MOST_OPEN + 1, 0)] {
            let mut skim = Skim::new();
            learn(&mut skim, &format!("data: {}\n\n", many(count)));
            assert_eq!(skim.shapes.len(), shapes, "{count}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        assert!(MOST * (LONGEST + size_of::<Shape>()) < 2_400);
    }
}
