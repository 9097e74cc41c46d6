//! Messages of protocol buffers, written field by field
//! (<https://protobuf.dev/programming-guides/encoding/>).

/// The fields of a message, as they go over the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message(Vec<u8>);

/// How the bytes of a field end.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
}

impl Message {
    /// `uint32`, `uint64`, `int64` of what is not negative, enumerations.
    pub(super) fn unsigned(&mut self, field: u8, value: u64) {
        self.tag(field, Wire::Varint);
        push_varint(&mut self.0, value);
    }

    /// `int64`.
    pub(super) fn integer(&mut self, field: u8, value: i64) {
        self.unsigned(field, value as u64);
    }

    /// `sint32`, `sint64`.
    pub(super) fn signed(&mut self, field: u8, value: i64) {
        self.unsigned(field, zigzag(value));
    }

    /// `double`.
    pub(super) fn double(&mut self, field: u8, value: f64) {
        self.tag(field, Wire::Fixed64);
        self.0.extend(value.to_le_bytes());
    }

    /// `string`.
    pub(super) fn text(&mut self, field: u8, value: &str) {
        self.bytes(field, value.as_bytes());
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u8, value: &Self) {
        self.bytes(field, &value.0);
    }

    /// `repeated sint64`, packed; without a value the field is not there.
    pub(super) fn signed_list(&mut self, field: u8, values: impl Iterator<Item = i64>) {
        let mut packed = Vec::new();
        values.for_each(|value| push_varint(&mut packed, zigzag(value)));
        if !packed.is_empty() {
            self.bytes(field, &packed);
        }
    }

    /// Appends it to a stream of messages, its length before it.
    pub(super) fn delimited(&self, stream: &mut Vec<u8>) {
        push_varint(stream, self.0.len() as u64);
        stream.extend(&self.0);
    }

    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.tag(field, Wire::Length);
        push_varint(&mut self.0, bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn tag(&mut self, field: u8, wire: Wire) {
        push_varint(&mut self.0, u64::from(field) << 3 | wire as u64);
    }
}

/// Small numbers of either sign are short.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn push_varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::default();
        write(&mut message);
        message.0
    }

    #[test]
    fn fields_are_written_as_the_encoding_has_them() {
        // From the encoding's own guide: 150, "testing", a message in a message.
        assert_eq!(written(|to| to.unsigned(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(written(|to| to.text(2, "testing")), b"\x12\x07testing");
        let mut inner = Message::default();
        inner.unsigned(1, 150);
        assert_eq!(written(|to| to.message(3, &inner)), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(written(|to| to.integer(1, -2)).len(), 11);
        assert_eq!(written(|to| to.double(1, 1.0)), [9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
        assert_eq!(written(|to| to.signed(16, -1)), [0x80, 0x01, 0x01]);
        for (value, coded) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (i64::MAX, u64::MAX - 1)] {
            assert_eq!(zigzag(value), coded);
        }
        assert_eq!(written(|to| to.signed_list(1, [1, -1, 64].into_iter())), [10, 4, 2, 1, 128, 1]);
        assert!(written(|to| to.signed_list(1, [].into_iter())).is_empty());
    }

    #[test]
    fn a_stream_has_the_length_before_each() {
        let mut stream = Vec::new();
        let mut message = Message::default();
        message.text(1, &"x".repeat(200));
        message.delimited(&mut stream);
        assert_eq!(stream[..5], [0xcb, 0x01, 0x0a, 0xc8, 0x01]);
        assert_eq!(stream.len(), 205);
    }
}
