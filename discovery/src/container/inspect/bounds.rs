//! Bounds on what is taken over from a description.

/// What may still be taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

impl Budget {
    /// Whether one more of this size may be taken; if so, it counts. What is too large leaves room for others.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        if self.items == 0 || bytes > self.bytes {
            return false;
        }
        self.items -= 1;
        self.bytes -= bytes;
        true
    }
}

/// A text that will be shown: without control characters, and cut off where it is longer than `longest` bytes.
pub(super) fn shown(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if shown.len() + letter.len_utf8() > longest {
            break;
        }
        shown.push(letter);
    }
    shown
}
