//! Reads JSON that is there whole, for serde, and passes over what nobody asks for without a look into it:
//! by the same scan as [`Members`](crate::members::Members), so that both take the same bodies.
//!
//! What is looked at is read as `serde_json` reads it. What is passed over must be text, but may be broken:
//! a number that is none, half a character.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::lenient::{Fill, Found, Object};
use crate::members::{Nested, end_of_text, is_delimiter, plain_length};

/// It is not the JSON that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Arrays and objects within one another that are looked into, as many as `serde_json` takes.
const LEVELS: u8 = 127;

/// Reads a value, with nothing but white space round it.
pub(crate) fn read<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Broken> {
    let mut reader = Reader::of(json)?;
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Fills an object from one; `false` where there is something else.
pub(crate) fn fill<'de, T: Object<'de>>(json: &'de [u8], object: &mut T) -> Result<bool, Broken> {
    let mut reader = Reader::of(json)?;
    let found = Fill(object).deserialize(&mut reader)?;
    reader.end()?;
    Ok(found == Found::Object)
}

/// A key of an object.
enum Key<'de> {
    /// Its text.
    Plain(&'de str),
    /// With its quotes, and escapes in it.
    Escaped(&'de str),
}

struct Reader<'de> {
    json: &'de str,
    /// How far it has been read; a character begins here.
    at: usize,
    /// Arrays and objects that may still begin within the one at hand.
    levels: u8,
}

impl<'de> Reader<'de> {
    fn of(json: &'de [u8]) -> Result<Self, Broken> {
        let json = str::from_utf8(json).map_err(|_| Broken)?;
        Ok(Self { json, at: 0, levels: LEVELS })
    }

    /// Nothing may follow but white space.
    fn end(mut self) -> Result<(), Broken> {
        if self.peek().is_none() { Ok(()) } else { Err(Broken) }
    }

    /// What has not been read yet.
    fn rest(&self) -> &'de [u8] {
        &self.json.as_bytes()[self.at..]
    }

    /// The next byte, behind white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.json.as_bytes().get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes so many bytes, which end with a character.
    fn take(&mut self, length: usize) -> &'de str {
        let begin = self.at;
        self.at += length;
        &self.json[begin..self.at]
    }

    /// Takes a string with its quotes.
    fn text(&mut self) -> Result<&'de str, Broken> {
        let end = end_of_text(&self.rest()[1..]).ok_or(Broken)?;
        Ok(self.take(1 + end))
    }

    /// Takes a key.
    #[inline]
    fn key(&mut self) -> Result<Key<'de>, Broken> {
        if let Some(length) = plain_length(&self.rest()[1..]) {
            self.at += 1;
            let key = self.take(length);
            self.at += 1;
            return Ok(Key::Plain(key));
        }
        let json = self.text()?;
        let key = &json[1..json.len() - 1];
        Ok(if key.contains('\\') { Key::Escaped(json) } else { Key::Plain(key) })
    }

    /// Takes a number or a literal.
    fn scalar(&mut self) -> &'de str {
        let rest = self.rest();
        let end = rest.iter().position(is_delimiter);
        self.take(end.unwrap_or(rest.len()))
    }

    /// Takes a number of few digits and nothing else, as most are.
    fn small_number(&mut self) -> Option<u64> {
        const MOST: usize = 18;
        let rest = self.rest();
        let (mut number, mut digits) = (0, 0);
        while let Some(digit @ b'0'..=b'9') = rest.get(digits)
            && digits < MOST
        {
            number = 10 * number + u64::from(digit - b'0');
            digits += 1;
        }
        let is_number = digits == 1 || (digits > 1 && rest[0] != b'0');
        let is_whole = is_number && rest.get(digits).is_none_or(is_delimiter);
        is_whole.then(|| {
            self.at += digits;
            number
        })
    }

    /// Takes whatever comes next.
    fn skip(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Some(b'"') => self.text().map(drop),
            Some(b'{' | b'[') => {
                let end = Nested::begun().end(&self.rest()[1..]).ok_or(Broken)?;
                self.at += 1 + end;
                Ok(())
            }
            Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => {
                self.scalar();
                Ok(())
            }
            _ => Err(Broken),
        }
    }

    /// Goes into the array or object that begins here.
    fn within<T>(
        &mut self,
        read: impl FnOnce(Within<'_, 'de>) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        self.levels = self.levels.checked_sub(1).ok_or(Broken)?;
        self.at += 1;
        let read = read(Within { reader: self, at: At::Opening })?;
        self.levels += 1;
        Ok(read)
    }
}

/// A string, as `serde_json` reads it if there is more to it than what stands there.
fn visit_text<'de, V: Visitor<'de>>(json: &'de str, visitor: V) -> Result<V::Value, Broken> {
    let text = &json[1..json.len() - 1];
    // Without a way out, so that the compiler makes vector instructions of it.
    let is_more = text.bytes().fold(false, |is, byte| is | (byte < b' ') | (byte == b'\\'));
    if !is_more { visitor.visit_borrowed_str(text) } else { by_serde_json(json, visitor) }
}

#[cold]
fn by_serde_json<'de, V: Visitor<'de>>(json: &'de str, visitor: V) -> Result<V::Value, Broken> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = reader.deserialize_any(visitor).map_err(|_| Broken)?;
    reader.end().map_err(|_| Broken)?;
    Ok(value)
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Broken;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Broken> {
        match self.peek().ok_or(Broken)? {
            b'{' => self.within(|within| visitor.visit_map(within)),
            b'[' => self.within(|within| visitor.visit_seq(within)),
            b'"' => visit_text(self.text()?, visitor),
            _ => match self.small_number() {
                Some(number) => visitor.visit_u64(number),
                None => match self.scalar() {
                    "null" => visitor.visit_unit(),
                    "true" => visitor.visit_bool(true),
                    "false" => visitor.visit_bool(false),
                    number => by_serde_json(number, visitor),
                },
            },
        }
    }

    /// Of a string, what is between the quotes as it stands there: for who asks whether anything is.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Broken> {
        match self.peek() {
            Some(b'"') => {
                let json = self.text()?;
                visitor.visit_borrowed_bytes(&json.as_bytes()[1..json.len() - 1])
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Broken> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// In an array or object.
struct Within<'a, 'de> {
    reader: &'a mut Reader<'de>,
    at: At,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Behind the opening bracket.
    Opening,
    /// Behind a value.
    Value,
    /// Behind the closing bracket: who asks once more is told so once more.
    Closing,
}

impl Within<'_, '_> {
    /// Goes to the next key or element; `None` if the closing bracket is there instead.
    fn next(&mut self, closing: u8) -> Result<Option<u8>, Broken> {
        if self.at == At::Closing {
            return Ok(None);
        }
        let mut next = self.reader.peek();
        if next == Some(closing) {
            self.at = At::Closing;
            self.reader.at += 1;
            return Ok(None);
        }
        if std::mem::replace(&mut self.at, At::Value) == At::Value {
            if next != Some(b',') {
                return Err(Broken);
            }
            self.reader.at += 1;
            next = self.reader.peek();
        }
        next.map(Some).ok_or(Broken)
    }
}

impl<'de> MapAccess<'de> for Within<'_, 'de> {
    type Error = Broken;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Broken> {
        match self.next(b'}')? {
            None => return Ok(None),
            Some(b'"') => {}
            Some(_) => return Err(Broken),
        }
        let key = self.reader.key()?;
        if self.reader.peek() != Some(b':') {
            return Err(Broken);
        }
        self.reader.at += 1;
        match key {
            Key::Plain(key) => seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some),
            Key::Escaped(json) => {
                let mut escaped = serde_json::Deserializer::from_str(json);
                seed.deserialize(&mut escaped).map(Some).map_err(|_| Broken)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Broken> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for Within<'_, 'de> {
    type Error = Broken;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Broken> {
        match self.next(b']')? {
            None => Ok(None),
            Some(_) => seed.deserialize(&mut *self.reader).map(Some),
        }
    }
}

impl Error for Broken {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for Broken {}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not the JSON that was looked for")
    }
}

#[cfg(test)]
mod tests;
