//! Leaves for reading JSON of servers that one does not control: a member of an unexpected type
//! is taken for absent instead of failing the whole event, and of a repeated key the last one
//! wins, as in the JSON readers of Python and JavaScript.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// An object that is filled member by member.
pub(crate) trait Object<'de>: Default {
    /// Reads the value of `name` from `map`, by `next_value` of the right type or by [`skip`].
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Passes over the value of a member.
pub(crate) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// A value that should be an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Maybe<T> {
    /// No such member, or `null`.
    #[default]
    Absent,
    /// A value of another type.
    Other,
    /// The object.
    Object(T),
}

impl<T> Maybe<T> {
    pub(crate) fn object(self) -> Option<T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Absent | Self::Other => None,
        }
    }
}

/// A key: borrowed, but for one that is written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(key)))
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Scalars that are not what is looked for.
macro_rules! other_scalars {
    ($other:expr => $($visit:ident($ty:ty)),*) => {
        $(fn $visit<E: Error>(self, _: $ty) -> Result<Self::Value, E> { Ok($other) })*
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
}

mod number;

pub(crate) use number::{Count, Number};

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de, T: Object<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = T::default();
        Ok(match Fill(&mut object).deserialize(deserializer)? {
            Found::Null => Self::Absent,
            Found::Other => Self::Other,
            Found::Object => Self::Object(object),
        })
    }
}

/// Fills an object where it lies: on its way out of as many calls as reading takes, a large one would be moved often.
pub(crate) struct Fill<'a, T>(pub(crate) &'a mut T);

/// What stood where an object should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Found {
    #[default]
    Null,
    Other,
    Object,
}

impl<'de, T: Object<'de>> DeserializeSeed<'de> for Fill<'_, T> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for Fill<'_, T> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while let Some(name) = map.next_key::<Name<'de>>()? {
            self.0.member(&name.0, &mut map)?;
        }
        Ok(Found::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Found, A::Error> {
        drain_seq(seq)?;
        Ok(Found::Other)
    }

    other_scalars!(Found::Other =>
        visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
}

/// More elements than this are not kept: no answer has as many choices, calls or models.
const MOST: usize = 4096;

/// A value that should be an array of objects; other elements are passed over.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Object<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Object<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < MOST {
                    let Some(element) = seq.next_element::<Maybe<T>>()? else {
                        return Ok(List(list));
                    };
                    list.extend(element.object());
                }
                drain_seq(seq)?;
                Ok(List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map)?;
                Ok(List::default())
            }

            other_scalars!(List::default() =>
                visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// A value that should be a string.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'de>(pub(crate) Option<Cow<'de, str>>);

impl Text<'_> {
    pub(crate) fn is_filled(&self) -> bool {
        self.0.as_ref().is_some_and(|text| !text.is_empty())
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map)?;
                Ok(Text(None))
            }

            other_scalars!(Text(None) =>
                visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A value that should be a string, of which it only matters whether anything is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// It is a string.
    pub(crate) is_text: bool,
    /// It is one with something in it.
    pub(crate) is_filled: bool,
}

impl Presence {
    fn of(text: &[u8]) -> Self {
        Self { is_text: true, is_filled: !text.is_empty() }
    }
}

impl<'de> Deserialize<'de> for Presence {
    /// By way of an option, for which [`crate::spans`] gives a string without undoing its escapes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PresenceVisitor;
        impl<'de> Visitor<'de> for PresenceVisitor {
            type Value = Presence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Presence::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
                value.deserialize_any(self)
            }

            fn visit_borrowed_bytes<E: Error>(self, text: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Presence::of(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Presence::of(text.as_bytes()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq)?;
                Ok(Presence::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map)?;
                Ok(Presence::default())
            }

            other_scalars!(Presence::default() =>
                visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
        }
        deserializer.deserialize_option(PresenceVisitor)
    }
}

/// Whether a value holds anything: a non-empty array, object or string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled(pub(crate) bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FilledVisitor;
        impl<'de> Visitor<'de> for FilledVisitor {
            type Value = Filled;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Filled(!text.is_empty()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let filled = seq.next_element::<IgnoredAny>()?.is_some();
                drain_seq(seq)?;
                Ok(Filled(filled))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let filled = map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some();
                drain_map(map)?;
                Ok(Filled(filled))
            }

            other_scalars!(Filled(false) =>
                visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
        }
        deserializer.deserialize_any(FilledVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Pair<'de> {
        text: Text<'de>,
        count: Count,
    }

    impl<'de> Object<'de> for Pair<'de> {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
            match name {
                "text" => self.text = map.next_value()?,
                "count" => self.count = map.next_value()?,
                _ => skip(map)?,
            }
            Ok(())
        }
    }

    fn read(json: &str) -> Maybe<Pair<'_>> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_wrong_type_is_absent_and_the_last_key_wins() {
        let pair = read(r#"{"text":[{"a":1}],"count":"7","x":{"text":"no"}}"#).object().unwrap();
        assert_eq!(pair, Pair::default());
        let pair = read(r#"{"count":1,"text":"a","count":2,"te\u0078t":"b"}"#).object().unwrap();
        assert_eq!((pair.text.as_str(), pair.count.0), ("b", Some(2)));
        assert_eq!(read("null"), Maybe::Absent);
        assert_eq!(read("[1,2]"), Maybe::Other);
        assert_eq!(read("-3.5"), Maybe::Other);
    }

    #[test]
    fn numbers_that_are_no_counts_are_absent() {
        for json in ["-1", "1.5", "18446744073709551615", "true", "null", "{}", "[3]"] {
            assert_eq!(serde_json::from_str::<Count>(json).unwrap(), Count(None), "{json}");
        }
    }

    #[test]
    fn filled_means_that_something_is_in_it() {
        for (json, filled) in
            [("[]", false), ("[0]", true), ("{}", false), (r#"{"a":1}"#, true), ("7", false)]
        {
            assert_eq!(serde_json::from_str::<Filled>(json).unwrap(), Filled(filled), "{json}");
        }
    }
}
