//! Answers and errors.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::domain::code::Code;
use crate::http::error::default_status;
use crate::http::operation::{Access, Answer, Operation};
use crate::text::{Language, Phrase};

const JSON: &str = "application/json";

/// Every answer of an operation, by status.
pub(super) fn responses(operation: &Operation, language: Language) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let described = good(answer, language);
        match responses.get_mut(answer.status.as_str()) {
            Some(shared) => shared["content"][answer.media] = described["content"][answer.media].clone(),
            None => {
                responses.insert(answer.status.as_str().to_owned(), described);
            }
        }
    }
    for (status, codes) in operation.errors() {
        let shared = responses.get_mut(&status.to_string());
        match (shared, name(status, &codes)) {
            // One status for both: its content is one or the other.
            (Some(shared), _) => join(shared, &bad(status, &codes, language)),
            (None, Some(name)) => {
                let part = json!({"$ref": format!("#/components/responses/{name}")});
                responses.insert(status.to_string(), part);
            }
            (None, None) => {
                responses.insert(status.to_string(), bad(status, &codes, language));
            }
        }
    }
    Value::Object(responses)
}

/// The errors that have a name, and those that belong to no endpoint: to paths and methods that do not exist.
pub(super) fn named(operations: &[&Operation], language: Language) -> Value {
    let nowhere = [(404, vec![Code::RouteNotFound]), (405, vec![Code::MethodNotAllowed])];
    let all = operations.iter().flat_map(|operation| operation.errors()).chain(nowhere);
    all.filter_map(|(status, codes)| Some((name(status, &codes)?, bad(status, &codes, language)))).collect()
}

/// The name of an error that many endpoints have.
fn name(status: u16, codes: &[Code]) -> Option<String> {
    let of_access = |access: Access| {
        let all = access.codes().iter().filter(|code| default_status(**code).as_u16() == status);
        all.eq(codes)
    };
    match codes {
        [code] => Some(format!("{code}_{status}")),
        _ if of_access(Access::ApiKey) => Some(format!("portal_key_{status}")),
        _ if of_access(Access::CompanyAdmin) => Some(format!("company_admin_{status}")),
        _ if of_access(Access::SuperAdmin) => Some(format!("super_admin_{status}")),
        _ => None,
    }
}

fn good(answer: &Answer, language: Language) -> Value {
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/RequestId"}});
    if answer.retry_after {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
    }
    let description = match answer.status {
        StatusCode::CREATED => Phrase::ApiCreated,
        StatusCode::ACCEPTED => Phrase::ApiAccepted,
        StatusCode::NOT_MODIFIED => Phrase::ApiNotModified,
        StatusCode::SERVICE_UNAVAILABLE => Phrase::ApiNotReady,
        _ => Phrase::ApiGood,
    };
    let mut content = json!({"schema": answer.shape.schema});
    if answer.media == JSON {
        content["example"] = answer.shape.example.clone();
    }
    let mut described = json!({"description": language.phrase(description), "headers": headers});
    if !answer.media.is_empty() {
        described["content"] = json!({answer.media: content});
    }
    described
}

fn bad(status: u16, codes: &[Code], language: Language) -> Value {
    let lines: Vec<String> =
        codes.iter().map(|code| format!("- `{code}`: {}", language.code(*code))).collect();
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/RequestId"}});
    if status == 429 || status == 503 {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/RetryAfter"});
    }
    let example = codes.first().map(|code| example(*code, language));
    json!({
        "description": lines.join("\n"),
        "headers": headers,
        "content": {JSON: {"schema": schema(codes), "example": example}},
    })
}

/// Lists of faults come with one code only.
fn schema(codes: &[Code]) -> Value {
    let words: Vec<&str> =
        codes.iter().filter(|code| **code != Code::ValidationError).map(|code| code.as_str()).collect();
    let plain = json!({
        "allOf": [{"$ref": "#/components/schemas/Error"}, {"properties": {"code": {"enum": words}}}],
    });
    let faults = json!({"$ref": "#/components/schemas/ValidationError"});
    match (words.is_empty(), words.len() == codes.len()) {
        (true, _) => faults,
        (false, true) => plain,
        (false, false) => json!({"anyOf": [plain, faults]}),
    }
}

fn example(code: Code, language: Language) -> Value {
    let detail = if code == Code::ValidationError {
        json!([{"type": "missing", "loc": ["body", "nombre"], "msg": language.phrase(Phrase::Missing)}])
    } else {
        json!(language.code(code))
    };
    json!({"detail": detail, "code": code.as_str(), "request_id": "01a1b2c3-d4e5-7f60-8a9b-0c1d2e3f4a5b"})
}

/// Adds the content of an error to that of a good answer.
fn join(shared: &mut Value, error: &Value) {
    let theirs = &error["content"][JSON];
    let mine = &mut shared["content"][JSON];
    *mine = match mine.get("schema") {
        Some(schema) => json!({"schema": {"anyOf": [schema, theirs["schema"]]}, "example": mine["example"]}),
        None => theirs.clone(),
    };
    let lines = [shared["description"].as_str(), error["description"].as_str()];
    shared["description"] = json!(lines.into_iter().flatten().collect::<Vec<_>>().join("\n\n"));
}

/// The bodies of errors.
pub(super) fn error_schemas() -> BTreeMap<&'static str, Value> {
    let error = json!({
        "type": "object",
        "required": ["detail", "code", "request_id"],
        "properties": {"detail": {"type": "string"}, "code": {"type": "string"}, "request_id": {"type": "string"}},
    });
    let places = json!({"type": "array", "items": {"type": ["string", "integer"]}});
    let fault = json!({
        "type": "object",
        "required": ["type", "loc", "msg"],
        "properties": {"type": {"type": "string"}, "loc": places, "msg": {"type": "string"}},
    });
    let validation = json!({
        "type": "object",
        "required": ["detail", "code", "request_id"],
        "properties": {
            "detail": {"type": "array", "items": fault},
            "code": {"type": "string", "const": Code::ValidationError.as_str()},
            "request_id": {"type": "string"},
        },
    });
    BTreeMap::from([("Error", error), ("ValidationError", validation)])
}

/// Headers of answers.
pub(super) fn headers(language: Language) -> Value {
    json!({
        "RequestId": {
            "description": language.phrase(Phrase::ApiRequestId), "required": true, "schema": {"type": "string"},
        },
        "RetryAfter": {
            "description": language.phrase(Phrase::ApiRetryAfter), "required": true,
            "schema": {"type": "integer", "minimum": 0},
        },
    })
}
