//! Strict JSON: values with one spelling, and objects of unknown shape.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::types::{
    digest::{Digest, DocId, parse_hex},
    pack_id::PackId,
    time::Timestamp,
};

use super::{Malformed, MediaType, NUMBER_MAX, PublicKey, same_again};

/// A value that stands in JSON as a string.
pub trait Spelled: Sized {
    /// Reads the string; other spellings may pass, and are refused by whoever writes it again.
    fn read(text: &str) -> Option<Self>;
}

/// For serde's `deserialize_with`.
pub fn spelled<'de, D: Deserializer<'de>, T: Spelled>(deserializer: D) -> Result<T, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    T::read(&text).ok_or_else(|| de::Error::custom("a string is not of its type"))
}

/// The same for a list of strings.
pub fn spelled_list<'de, D: Deserializer<'de>, T: Spelled>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let texts = <Vec<std::borrow::Cow<'de, str>>>::deserialize(deserializer)?;
    let read = texts.iter().map(|text| T::read(text)).collect::<Option<Vec<T>>>();
    read.ok_or_else(|| de::Error::custom("a string is not of its type"))
}

impl Spelled for PackId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Spelled for Digest {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Spelled for DocId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Spelled for Timestamp {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Spelled for PublicKey {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Spelled for MediaType {
    fn read(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }
}

impl<const N: usize> Spelled for [u8; N] {
    fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; N];
        parse_hex(text, &mut bytes)?;
        Some(bytes)
    }
}

/// Any JSON without floats, without large integers and without duplicate fields, in its order.
pub enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads the one spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let json: Self = serde_json::from_slice(bytes)?;
        same_again(bytes, &serde_json::to_vec(&json)?)?;
        Ok(json)
    }

    pub fn fields(&self) -> Option<&[(String, Json)]> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_positive(&self) -> bool {
        matches!(self, Self::Number(n) if *n > 0)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Number(n) => serializer.serialize_i64(*n),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without floats and duplicate keys")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        if value.unsigned_abs() > NUMBER_MAX {
            return Err(E::custom("a number is 2^53 or more"));
        }
        Ok(Json::Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        while let Some((key, value)) = entries.next_entry::<String, Json>()? {
            if fields.iter().any(|(taken, _)| *taken == key) {
                return Err(de::Error::custom("a key stands twice"));
            }
            fields.push((key, value));
        }
        Ok(Json::Object(fields))
    }
}
