//! What the published description says about an answer. Every answer that a test gets is held against it.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::LazyLock;

use pagos_control_plane::http::operation::{Access, Operation};
use pagos_control_plane::http::{documentation, groups, openapi};
use pagos_control_plane::text::Language;
use reqwest::Method;
use serde_json::Value;

use crate::world::Answer;

/// Names the file in which the answers are noted that tests get.
pub const SEEN_VARIABLE: &str = "PAGOS_TEST_SEEN";

/// Fields of bodies and queries that name an object.
pub const ID_FIELDS: [&str; 3] = ["router_id", "producto_id", "empresa_id"];
/// What an operator of the platform may see of every tenant, so that there is no other one.
const OF_THE_PLATFORM: [&str; 2] = ["empresa_id", "usuario_id"];

pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    groups().into_iter().chain([documentation()]).flat_map(|group| group.operations).collect()
});
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| openapi::document(&groups(), Language::Spanish));

/// The ids that an endpoint takes and that belong to one tenant.
pub fn ids(operation: &Operation) -> Vec<String> {
    let platform = match operation.access {
        Access::Open | Access::Signature => return Vec::new(),
        Access::SuperAdmin => true,
        Access::ApiKey | Access::Admin | Access::CompanyAdmin => false,
    };
    let fields = operation.body.iter().flat_map(|body| &body.fields).chain(&operation.query);
    let fields = fields.map(|field| field.name.shown).filter(|name| ID_FIELDS.contains(name));
    let ids = operation.segments().map(|(name, _)| name).chain(fields);
    // The name of a gateway is no secret.
    let ids = ids.filter(|name| *name != "gateway" && !(platform && OF_THE_PLATFORM.contains(name)));
    ids.map(str::to_owned).collect()
}

/// Method and path, as rows of tables are called.
pub fn row(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// The endpoint that a path belongs to: of several, the one with the fewest variable parts.
fn endpoint(method: &Method, path: &str) -> Option<&'static Operation> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |pattern: &str| {
        pattern.split('/').count() == path.split('/').count()
            && pattern
                .split('/')
                .zip(path.split('/'))
                .all(|(part, sent)| part.starts_with('{') || part == sent)
    };
    let fitting = OPERATIONS.iter().filter(|operation| fits(operation.path));
    let least = fitting.clone().map(|operation| operation.path.matches('{').count()).min()?;
    fitting
        .filter(|operation| operation.path.matches('{').count() == least)
        .find(|operation| operation.method.as_str() == method.as_str())
}

/// Fails when an answer is not as described, and writes down what it was.
#[track_caller]
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let Some(operation) = endpoint(method, path) else { return };
    let status = answer.status.as_u16();
    let body: Option<Value> = serde_json::from_str(&answer.text).ok();
    let code = body.as_ref().and_then(|body| body["code"].as_str()).unwrap_or_default().to_owned();
    let media = answer.header("content-type").split(';').next().unwrap_or_default();
    note(&row(operation), status, if body.is_some() { &code } else { media });
    if operation.hidden || status == 307 {
        return;
    }
    let name = format!("{} {status} {}", row(operation), answer.text);
    let paths = &DOCUMENT["paths"][operation.path];
    let described = &paths[operation.method.as_str().to_lowercase()]["responses"][answer.status.as_str()];
    assert!(!described.is_null(), "no such status is described: {name}");
    let content = &resolved(described)["content"];
    if content.is_null() {
        assert_eq!(answer.text, "", "{name}");
        return;
    }
    assert!(!content[media].is_null(), "no content of {media} is described: {name}");
    if media == "application/json" {
        let fault = fault(&content[media]["schema"], &body.expect("JSON"), "");
        assert_eq!(fault, None, "{name}");
    }
}

/// Adds an answer to the file that the table is made from, if there is one.
fn note(row: &str, status: u16, code: &str) {
    let Some(file) = std::env::var_os(SEEN_VARIABLE) else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(file).expect("the file can be written");
    // One write, so that lines of several threads do not mix.
    file.write_all(format!("{row}\t{status}\t{code}\n").as_bytes()).expect("written");
}

fn resolved(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(part) => DOCUMENT.pointer(part.trim_start_matches('#')).expect("the part is there"),
        None => schema,
    }
}

/// What is wrong with a value. Stricter than the schema: a field that is not described is wrong, too.
fn fault(schema: &'static Value, value: &Value, place: &str) -> Option<String> {
    let schema = resolved(schema);
    if let Some(choices) = schema["anyOf"].as_array() {
        let faults: Vec<String> = choices.iter().map_while(|choice| fault(choice, value, place)).collect();
        return (faults.len() == choices.len()).then(|| faults.join(" and "));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().find_map(|part| fault(part, value, place));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().collect(),
        Value::Null => Vec::new(),
        kind => vec![kind],
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(value, kind.as_str().unwrap_or_default())) {
        return Some(format!("{place} is no {}: {value}", schema["type"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{place} is none of {words:?}: {value}"));
    }
    match value {
        Value::Object(fields) => field_fault(schema, fields, place),
        Value::Array(items) if !schema["items"].is_null() => {
            items.iter().find_map(|item| fault(&schema["items"], item, &format!("{place}[]")))
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn field_fault(
    schema: &'static Value,
    fields: &serde_json::Map<String, Value>,
    place: &str,
) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
        return Some(format!("{place}.{missing} is missing"));
    }
    let properties = schema["properties"].as_object()?;
    fields.iter().find_map(|(name, value)| match properties.get(name) {
        Some(property) => fault(property, value, &format!("{place}.{name}")),
        None => schema.get("type").map(|_| format!("{place}.{name} is not described")),
    })
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no such kind: {other}"),
    }
}
