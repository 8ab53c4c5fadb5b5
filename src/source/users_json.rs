//! User objects of Graph JSON, flattened into attributes.

use std::borrow::Cow;
use std::fmt;
use std::mem;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::columns::boolean;
use super::keys::{KeyId, Keys, NodeId, Use};
use crate::directory::AttributeValue;

/// A text that borrows where it can. Numbers and booleans are texts too; `None` for null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scalar<'a>(pub(super) Option<Cow<'a, str>>);

impl<'a> Scalar<'a> {
    /// The text, empty for null.
    pub(super) fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    pub(super) fn into_text(self) -> Cow<'a, str> {
        self.0.unwrap_or_default()
    }
}

struct ScalarVisitor;

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Borrowed(if value { "True" } else { "False" }))))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar(None))
    }
}

/// Why a delta page lists an object under `@removed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    /// `changed`: it is in the recycle bin.
    Soft,
    /// `deleted`: it is gone for good.
    Hard,
}

/// What is needed of one user object.
#[derive(Debug, Default)]
pub(super) struct UserObject<'de> {
    pub(super) id: Cow<'de, str>,
    pub(super) name: Cow<'de, str>,
    pub(super) enabled: Option<bool>,
    pub(super) deleted: Cow<'de, str>,
    pub(super) removed: Option<Removal>,
    /// By slot; `Unknown` where the object has no such member.
    pub(super) values: Vec<AttributeValue<'de>>,
}

/// What to do with each member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Target {
    wanted: bool,
    slot: Option<usize>,
}

/// Reads user objects.
pub(super) struct UserReading {
    pub(super) keys: Keys,
    targets: Vec<Target>,
    slots: usize,
    /// Members that aren't in `targets` are looked at too, to learn what there is.
    learning: bool,
}

impl UserReading {
    /// Looks at every member and remembers it.
    pub(super) fn learning(keys: Keys) -> Self {
        Self { keys, targets: Vec::new(), slots: 0, learning: true }
    }

    /// Looks only at what every user has and at attributes for which `slot` gives a place.
    pub(super) fn of(keys: &Keys, slots: usize, slot: &dyn Fn(&str) -> Option<usize>) -> Self {
        let mut targets = vec![Target::default(); keys.iter().count()];
        for (id, key) in keys.iter() {
            let slot = if key.used == Use::Annotation { None } else { slot(&key.attribute) };
            let basic = !matches!(key.used, Use::Attribute | Use::Manager | Use::Annotation);
            targets[id] = Target { wanted: basic || slot.is_some(), slot };
        }
        // Objects with something wanted inside. Children are learnt after their parents.
        for (id, key) in keys.iter().collect::<Vec<_>>().into_iter().rev() {
            if key.child.is_some_and(|child| keys.of_node(child).iter().any(|inner| targets[*inner].wanted)) {
                targets[id].wanted = true;
            }
        }
        Self { keys: keys.clone(), targets, slots, learning: false }
    }

    fn target(&self, key: KeyId) -> Target {
        self.targets.get(key).copied().unwrap_or(Target { wanted: self.learning, slot: None })
    }
}

/// One user object.
pub(super) struct UserSeed<'r>(pub(super) &'r mut UserReading);

impl<'de> DeserializeSeed<'de> for UserSeed<'_> {
    type Value = UserObject<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut object = UserObject::default();
        object.values.resize_with(self.0.slots, AttributeValue::default);
        deserializer.deserialize_map(Members { reading: self.0, node: 0, object: &mut object })?;
        Ok(object)
    }
}

struct Members<'a, 'de> {
    reading: &'a mut UserReading,
    node: NodeId,
    object: &'a mut UserObject<'de>,
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { reading, node, object } = self;
        let mut met = 0;
        while let Some(key) = map.next_key_seed(Name { keys: &mut reading.keys, node, met })? {
            met += 1;
            let Some(key) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let target = reading.target(key);
            if !target.wanted {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let used = reading.keys.get(key).used;
            match used {
                Use::Annotation => {
                    map.next_value::<IgnoredAny>()?;
                }
                Use::Removed => {
                    let removed = map.next_value::<RemovedJson>()?;
                    let hard = removed.reason.text().eq_ignore_ascii_case("deleted");
                    object.removed = Some(if hard { Removal::Hard } else { Removal::Soft });
                }
                Use::Id => object.id = map.next_value::<Scalar<'_>>()?.into_text(),
                Use::Name => object.name = map.next_value::<Scalar<'_>>()?.into_text(),
                Use::Deleted | Use::Enabled | Use::Manager | Use::Attribute => {
                    let value =
                        map.next_value_seed(Value { reading: &mut *reading, node, key, object: &mut *object })?;
                    match (&value, used) {
                        (AttributeValue::Bool(enabled), Use::Enabled) => object.enabled = Some(*enabled),
                        (AttributeValue::String(text), Use::Enabled) => object.enabled = boolean(text),
                        (AttributeValue::String(text), Use::Deleted) => object.deleted = text.clone(),
                        _ => {}
                    }
                    if let (Some(slot), false) = (target.slot, value == AttributeValue::Unknown) {
                        object.values[slot] = value;
                    }
                    continue;
                }
            }
            if reading.learning {
                reading.keys.has_value(key);
            }
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct RemovedJson<'a> {
    #[serde(borrow, default)]
    reason: Scalar<'a>,
}

struct Name<'a> {
    keys: &'a mut Keys,
    node: NodeId,
    met: usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<KeyId>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<KeyId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.keys.find(self.node, self.met, name))
    }
}

/// The value of a member; `Unknown` for what can't be an attribute.
struct Value<'a, 'de> {
    reading: &'a mut UserReading,
    node: NodeId,
    key: KeyId,
    object: &'a mut UserObject<'de>,
}

impl<'de> Value<'_, 'de> {
    fn seen(self, value: AttributeValue<'de>) -> AttributeValue<'de> {
        if self.reading.learning {
            self.reading.keys.has_value(self.key);
        }
        value
    }

    fn scalar<E: Error>(self, scalar: Result<Scalar<'de>, E>) -> Result<AttributeValue<'de>, E> {
        let value = scalar?.0.map_or(AttributeValue::Null, AttributeValue::String);
        Ok(self.seen(value))
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = AttributeValue<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = AttributeValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        self.scalar(ScalarVisitor.visit_borrowed_str(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.scalar(ScalarVisitor.visit_str(text))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.seen(AttributeValue::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.scalar(ScalarVisitor.visit_i64(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.scalar(ScalarVisitor.visit_u64(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.scalar(ScalarVisitor.visit_f64(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.seen(AttributeValue::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        let mut readable = true;
        while let Some(element) = seq.next_element::<Element<'de>>()? {
            match element {
                Element::Text(text) => texts.push(text),
                Element::Null => {}
                Element::Other => readable = false,
            }
        }
        if !readable {
            return Ok(AttributeValue::Unknown);
        }
        // Of the business phones the first is the attribute.
        if self.reading.keys.get(self.key).attribute == "telephoneNumber" {
            let first = texts.first_mut().map_or(AttributeValue::Null, |text| AttributeValue::String(mem::take(text)));
            return Ok(self.seen(first));
        }
        Ok(self.seen(AttributeValue::Strings(texts)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if self.reading.keys.get(self.key).used == Use::Manager {
            let mut id = AttributeValue::Unknown;
            while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                if key == "id" || key == "objectId" {
                    let manager = map.next_value::<Scalar<'de>>()?;
                    id = manager.0.map_or(AttributeValue::Null, AttributeValue::String);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            return Ok(self.seen(id));
        }
        let Self { reading, node, key, object } = self;
        let node = reading.keys.child(key, node);
        Members { reading, node, object }.visit_map(map)?;
        Ok(AttributeValue::Unknown)
    }
}

/// One element of a list.
enum Element<'a> {
    Text(Cow<'a, str>),
    Null,
    Other,
}

struct ElementVisitor;

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Element::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Element::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        ScalarVisitor.visit_bool(value).map(|scalar| Element::Text(scalar.into_text()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Element::Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Element::Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Element::Text(Cow::Owned(value.to_string())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Element::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Element::Other)
    }
}
