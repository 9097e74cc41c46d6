//! Reads a type out of the merged values. figment can do that too, but it guesses the type of an
//! environment variable from its text (`0123` for a string is an error there) and takes a number
//! for the index of a choice.

use figment::Figment;
use figment::value::{Dict, Value};
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Error, IntoDeserializer, Unexpected, Visitor,
};

use super::failure::Failure;
use super::{expectation, layer};

/// A value in its place; knows where it came from.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    value: &'a Value,
    merged: &'a Figment,
}

impl<'a> Node<'a> {
    pub(super) fn new(value: &'a Value, merged: &'a Figment) -> Self {
        Self { value, merged }
    }

    fn origin(&self) -> Option<&'a str> {
        self.merged.get_metadata(self.value.tag()).map(|metadata| metadata.name.as_ref())
    }

    /// The text of an environment variable, which nobody has parsed yet.
    fn unparsed(&self) -> Option<&'a str> {
        let is_unparsed = self.origin().is_some_and(layer::is_unparsed);
        self.value.as_str().filter(|_| is_unparsed)
    }

    /// The value after parsing, if it needs any.
    fn with_parsed<T>(
        self,
        read: impl FnOnce(Node<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.unparsed().map(|text| text.parse::<Value>()) {
            // Values that were parsed here have no tag and so no origin: it is noted on the way
            // out.
            Some(Ok(parsed)) => read(Node { value: &parsed, merged: self.merged }),
            None => read(self),
        }
        .map_err(|failure| failure.at(self.value, self.origin()))
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Value::String(_, text) => visitor.visit_str(text),
            Value::Char(_, character) => visitor.visit_char(*character),
            Value::Bool(_, yes) => visitor.visit_bool(*yes),
            Value::Num(..) => self.visit_number(visitor),
            Value::Empty(..) => visitor.visit_unit(),
            Value::Dict(_, table) => visitor.visit_map(Entries::new(table, self.merged)),
            Value::Array(_, items) => {
                let mut elements =
                    Elements { items: items.iter().enumerate(), merged: self.merged };
                let read = visitor.visit_seq(&mut elements)?;
                match elements.items.len() {
                    0 => Ok(read),
                    more => {
                        Err(Failure::custom(format!("the array has {more} more than expected")))
                    }
                }
            }
        }
        .map_err(|failure| failure.at(self.value, self.origin()))
    }

    fn visit_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if let Some(number) = self.value.to_u128().and_then(|n| u64::try_from(n).ok()) {
            return visitor.visit_u64(number);
        }
        if let Some(number) = self.value.to_i128().and_then(|n| i64::try_from(n).ok()) {
            return visitor.visit_i64(number);
        }
        visitor.visit_f64(self.value.to_f64().unwrap_or(f64::NAN))
    }
}

/// Reads values that can stand in text form as well: the text of a variable needs no parsing.
macro_rules! as_text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.visit(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.with_parsed(|node| node.visit(visitor))
    }

    as_text!(deserialize_char deserialize_str deserialize_string deserialize_identifier);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Value::Empty(..) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let read = |node: Node<'_>| match node.value {
            Value::String(_, text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Dict(_, table) => {
                visitor.visit_enum(MapAccessDeserializer::new(Entries::new(table, node.merged)))
            }
            _ => Err(Failure::invalid_type(
                Unexpected::Other("no choice"),
                &expectation::one_of(variants).as_str(),
            )),
        };
        match self.unparsed() {
            Some(text) if text.trim_start().starts_with('{') => self.with_parsed(read),
            _ => read(self).map_err(|failure| failure.at(self.value, self.origin())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64
        bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
    }
}

/// The keys and values of a table.
struct Entries<'a> {
    entries: std::collections::btree_map::Iter<'a, String, Value>,
    current: Option<(&'a str, Node<'a>)>,
    merged: &'a Figment,
}

impl<'a> Entries<'a> {
    fn new(table: &'a Dict, merged: &'a Figment) -> Self {
        Self { entries: table.iter(), current: None, merged }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let node = Node::new(value, self.merged);
        self.current = Some((key, node));
        seed.deserialize(key.as_str().into_deserializer())
            .map(Some)
            .map_err(|failure: Failure| failure.at(value, node.origin()).below(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some((key, node)) = self.current.take() else {
            return Err(Failure::custom("a value was asked for before its key"));
        };
        seed.deserialize(node).map_err(|failure| failure.at(node.value, node.origin()).below(key))
    }
}

/// The elements of an array.
struct Elements<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    merged: &'a Figment,
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Failure> {
        let Some((index, value)) = self.items.next() else { return Ok(None) };
        let node = Node::new(value, self.merged);
        seed.deserialize(node)
            .map(Some)
            .map_err(|failure| failure.at(value, node.origin()).below(&index.to_string()))
    }
}
