//! Parameters and bodies.

use serde_json::{Map, Value, json};

use crate::http::body::Field;
use crate::http::operation::{Operation, Segment};
use crate::text::{Language, Phrase};

/// Longest idempotency key, in characters.
const KEY_CHARS_MAX: usize = 255;

/// Parts of the path, parameters of the query, headers.
pub(super) fn parameters(operation: &Operation, language: Language) -> Value {
    let segments = operation.segments().map(|(name, segment)| {
        let schema = match segment {
            // Whatever is no id is simply not found.
            Segment::Text => json!({"type": "string", "minLength": 1}),
            Segment::Integer => json!({"type": "integer", "format": "int64"}),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let query = operation.query.iter().map(|field| {
        json!({
            "name": field.name.shown,
            "in": "query",
            "required": field.required,
            "schema": field.kind.in_query(),
        })
    });
    let headers = operation.headers.iter().map(|name| {
        json!({
            "name": name,
            "in": "header",
            "required": false,
            "description": language.phrase(Phrase::ApiIdempotencyKey),
            "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[!-~]+$"},
        })
    });
    segments.chain(query).chain(headers).collect()
}

/// The body, if one is taken.
pub(super) fn body(operation: &Operation) -> Option<Value> {
    let mut content = Map::new();
    if let Some(takes) = &operation.body {
        let described = json!({"schema": object(&takes.fields), "example": takes.example});
        content.insert("application/json".to_owned(), described);
    }
    let mut required = operation.body.as_ref().is_some_and(|takes| takes.required);
    if let Some((media, schema, wanted)) = &operation.other_body {
        content.insert((*media).to_owned(), json!({"schema": schema}));
        required |= wanted;
    }
    (!content.is_empty()).then(|| json!({"required": required, "content": content}))
}

/// The object that these fields make. Of a field with two names the second one counts only when the first is absent.
fn object(fields: &[Field]) -> Value {
    let (mut properties, mut required, mut either) = (Map::new(), Vec::new(), Vec::new());
    for field in fields {
        let (name, schema) = (field.name, field.kind.in_body(field.nullable));
        match name.other {
            Some(other) => {
                properties.insert(other.to_owned(), json!({"description": format!("= `{}`", name.shown)}));
                let mut instead = json!({"properties": {other: schema}});
                if field.required {
                    instead["required"] = json!([other]);
                }
                either.push(json!({"anyOf": [{"required": [name.shown]}, instead]}));
            }
            None if field.required => required.push(name.shown),
            None => {}
        }
        properties.insert(name.shown.to_owned(), schema);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !either.is_empty() {
        schema["allOf"] = json!(either);
    }
    schema
}
