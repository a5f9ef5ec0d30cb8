//! The published description of the interface, OpenAPI 3.1, in Spanish or English.
//!
//! | module | writes |
//! |---|---|
//! | `request` | parameters and bodies |
//! | `response` | answers and errors |
//! | [`serve`] | `GET /openapi.json` |
//! | [`page`] | `GET /docs`, the page to try it on, and its files |
//!
//! It is made from the [`Operation`]s beside the handlers, and knows nothing of its own about any of them.

pub mod page;
mod request;
mod response;
pub mod serve;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Group;
use super::operation::{Access, Operation};
use super::shape::SENTENCE;
use crate::domain::code::Code;
use crate::text::{Language, Phrase};

/// The endpoints of the documentation.
#[must_use]
pub fn operations() -> Vec<Operation> {
    [vec![serve::operation()], page::operations()].concat()
}

/// The whole description.
#[must_use]
pub fn document(groups: &[Group], language: Language) -> Value {
    let mut paths = Map::new();
    let mut schemas = BTreeMap::new();
    let mut published = Vec::new();
    for group in groups {
        for operation in group.operations.iter().filter(|operation| !operation.hidden) {
            published.push(operation);
            let described = describe(operation, group.title, language);
            let path = paths.entry(operation.path).or_insert_with(|| json!({}));
            path[operation.method.as_str().to_ascii_lowercase()] = described;
            for answer in &operation.answers {
                schemas.extend(answer.shape.parts.clone());
            }
        }
    }
    schemas.extend(response::error_schemas());
    let tags: Vec<Value> = groups.iter().map(|group| json!({"name": language.phrase(group.title)})).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pagos Hotspot",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": language.phrase(Phrase::ServiceName),
            "description": language.phrase(Phrase::ApiDescription),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": response::named(&published, language),
            "headers": response::headers(language),
            "securitySchemes": schemes(language),
        },
    });
    tell(&mut document, language);
    document
}

fn describe(operation: &Operation, tag: Phrase, language: Language) -> Value {
    let mut described = json!({
        "tags": [language.phrase(tag)],
        "operationId": operation.id(),
        "summary": operation.title(language),
        "security": security(operation.access),
        "parameters": request::parameters(operation, language),
        "responses": response::responses(operation, language),
    });
    if let Some(note) = operation.note(language) {
        described["description"] = json!(note);
    }
    if let Some(body) = request::body(operation) {
        described["requestBody"] = body;
    }
    described
}

fn security(access: Access) -> Value {
    match access {
        Access::Open | Access::Signature => json!([]),
        Access::ApiKey => json!([{"portalKey": []}, {"portalKeyBearer": []}]),
        Access::Admin => json!([{"session": ["cliente_admin", "super_admin"]}]),
        Access::CompanyAdmin => json!([{"session": ["cliente_admin"]}]),
        Access::SuperAdmin => json!([{"session": ["super_admin"]}]),
    }
}

fn schemes(language: Language) -> Value {
    let say = |phrase| language.phrase(phrase);
    json!({
        "portalKey": {
            "type": "apiKey", "in": "header", "name": "X-API-Key", "description": say(Phrase::ApiPortalKey),
        },
        "portalKeyBearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "jwt_…", "description": say(Phrase::ApiPortalKeyBearer),
        },
        "session": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": say(Phrase::ApiSession),
        },
    })
}

/// Puts the sentences of codes into the examples.
fn tell(value: &mut Value, language: Language) {
    let code = value.get(SENTENCE).and_then(Value::as_str).and_then(Code::parse);
    if let Some(code) = code {
        *value = json!(language.code(code));
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| tell(item, language)),
        Value::Object(fields) => fields.values_mut().for_each(|field| tell(field, language)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl Operation {
    /// A name for programs: method and path in words.
    #[must_use]
    pub fn id(&self) -> String {
        let words = self.path.split(['/', '-', '_', '{', '}', '.']).filter(|word| !word.is_empty());
        let verb = self.method.as_str().to_ascii_lowercase();
        std::iter::once(verb.as_str()).chain(words).collect::<Vec<_>>().join("_")
    }
}

#[cfg(test)]
mod tests;
