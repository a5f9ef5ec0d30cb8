//! The shape of an answer: its schema and an example, written down together.
//!
//! Every example is made of the examples of its parts, so that it always has the shape it stands for.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::code::Code;

/// In an example, the key of a place for the sentence of a code, which depends on the reader's language.
pub const SENTENCE: &str = "$sentence";

/// A schema with an example.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(super) schema: Value,
    pub(super) example: Value,
    /// Schemas that this one refers to, by name.
    pub(super) parts: BTreeMap<&'static str, Value>,
    may_be_absent: bool,
}

impl Shape {
    fn new(schema: Value, example: Value) -> Self {
        Self { schema, example, parts: BTreeMap::new(), may_be_absent: false }
    }

    /// The same, or null.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        let schema = self.schema.take();
        self.schema = match schema.get("type") {
            Some(Value::String(kind)) if schema.get("enum").is_none() => {
                let mut schema = schema.clone();
                schema["type"] = json!([kind, "null"]);
                schema
            }
            _ => json!({"anyOf": [schema, {"type": "null"}]}),
        };
        self
    }

    /// As a field of an object: need not be there.
    #[must_use]
    pub fn or_absent(self) -> Self {
        Self { may_be_absent: true, ..self }
    }

    /// The same with null as its example.
    #[must_use]
    pub fn shown_null(self) -> Self {
        Self { example: Value::Null, ..self.or_null() }
    }

    /// Gives the schema a name, so that it is written down once.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        let schema =
            std::mem::replace(&mut self.schema, json!({"$ref": format!("#/components/schemas/{name}")}));
        self.parts.insert(name, schema);
        self
    }
}

/// A text.
#[must_use]
pub fn text(example: &str) -> Shape {
    Shape::new(json!({"type": "string"}), json!(example))
}

/// A sentence for people.
#[must_use]
pub fn sentence(code: Code) -> Shape {
    Shape::new(json!({"type": "string"}), json!({SENTENCE: code.as_str()}))
}

/// One of these texts; the first is the example.
#[must_use]
pub fn word(words: &[&str]) -> Shape {
    Shape::new(json!({"type": "string", "enum": words}), json!(words.first()))
}

/// One of these codes; the first is the example.
#[must_use]
pub fn code(codes: &[Code]) -> Shape {
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    word(&words)
}

/// An integer.
#[must_use]
pub fn integer(example: i64) -> Shape {
    Shape::new(json!({"type": "integer"}), json!(example))
}

/// A number, such as an amount of money in major units.
#[must_use]
pub fn number(example: &str) -> Shape {
    let example: serde_json::Number = example.parse().expect("an example of a number is a number");
    Shape::new(json!({"type": "number"}), json!(example))
}

/// A boolean.
#[must_use]
pub fn flag(example: bool) -> Shape {
    Shape::new(json!({"type": "boolean"}), json!(example))
}

/// A time in UTC, without a zone.
#[must_use]
pub fn moment() -> Shape {
    let pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?$";
    Shape::new(json!({"type": "string", "pattern": pattern}), json!("2026-03-01T18:04:05.123456"))
}

/// Null, always.
#[must_use]
pub fn null() -> Shape {
    Shape::new(json!({"type": "null"}), Value::Null)
}

/// Anything that the gateway or an operator put there.
#[must_use]
pub fn anything(example: Value) -> Shape {
    Shape::new(json!({}), example)
}

/// An object whose fields are not ours.
#[must_use]
pub fn free_object(example: Value) -> Shape {
    Shape::new(json!({"type": "object"}), example)
}

/// A list; its example has one element.
#[must_use]
pub fn list(items: Shape) -> Shape {
    let schema = json!({"type": "array", "items": items.schema});
    Shape { parts: items.parts, ..Shape::new(schema, json!([items.example])) }
}

/// One of several shapes; the first gives the example.
#[must_use]
pub fn either<const N: usize>(shapes: [Shape; N]) -> Shape {
    let example = shapes.first().map(|shape| shape.example.clone()).unwrap_or_default();
    let parts = shapes.iter().flat_map(|shape| shape.parts.clone()).collect();
    let schemas: Vec<Value> = shapes.into_iter().map(|shape| shape.schema).collect();
    Shape { parts, ..Shape::new(json!({"anyOf": schemas}), example) }
}

/// An object.
#[must_use]
pub fn object<const N: usize>(fields: [(&str, Shape); N]) -> Shape {
    let (mut properties, mut example) = (Map::new(), Map::new());
    let (mut required, mut parts) = (Vec::new(), BTreeMap::new());
    for (name, shape) in fields {
        if !shape.may_be_absent {
            required.push(name);
        }
        properties.insert(name.to_owned(), shape.schema);
        example.insert(name.to_owned(), shape.example);
        parts.extend(shape.parts);
    }
    let schema = json!({"type": "object", "properties": properties, "required": required});
    Shape { parts, ..Shape::new(schema, Value::Object(example)) }
}

/// What was done, and more fields.
#[must_use]
pub fn done<const N: usize>(codes: &[Code], fields: [(&str, Shape); N]) -> Shape {
    told("message", codes, fields)
}

/// As [`done`], with the sentence under another name.
#[must_use]
pub fn told<const N: usize>(name: &str, codes: &[Code], fields: [(&str, Shape); N]) -> Shape {
    let first = codes.first().copied().expect("an answer has a code");
    object([(name, sentence(first)), ("code", code(codes))]).and(object(fields))
}

impl Shape {
    /// The fields of both objects.
    ///
    /// # Panics
    /// When one is no object written down with [`object`].
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let merge = |mine: &mut Value, theirs: &Value| match (mine, theirs) {
            (Value::Object(mine), Value::Object(theirs)) => mine.extend(theirs.clone()),
            (Value::Array(mine), Value::Array(theirs)) => mine.extend(theirs.iter().cloned()),
            _ => panic!("only objects can be joined"),
        };
        for part in ["properties", "required"] {
            merge(&mut self.schema[part], &other.schema[part]);
        }
        merge(&mut self.example, &other.example);
        self.parts.extend(other.parts);
        self
    }
}
