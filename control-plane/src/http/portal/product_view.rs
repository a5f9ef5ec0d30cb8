//! How a portal sees a product.

use serde_json::{Value, json};

use crate::http::shape::{self, Shape, flag, free_object, integer, list, moment, number, object};
use crate::store::StoreError;
use crate::store::products::Product;

/// The product as JSON.
pub(super) fn view(product: &Product) -> Result<Value, StoreError> {
    Ok(json!({
        "id": product.id,
        "perfil_mikrotik_id": product.profile_id,
        "perfil_mikrotik_nombre": product.profile_name,
        "nombre_venta": product.sale_name,
        "descripcion": product.description,
        "imagen_url": product.image_url,
        "precio": product.price()?.json(),
        "moneda": product.currency,
        "detalles": details(&product.details),
        "destacado": product.featured,
        "orden": product.display_order,
        "creado_en": product.created_at.iso(),
    }))
}

/// The shape of [`view`].
pub(super) fn product_shape() -> Shape {
    let product = object([
        ("id", integer(7)),
        ("perfil_mikrotik_id", shape::text("*3")),
        ("perfil_mikrotik_nombre", shape::text("1h")),
        ("nombre_venta", shape::text("Una hora")),
        ("descripcion", shape::text("Hasta 10 Mbps").or_null()),
        ("imagen_url", shape::text("https://example.org/1h.png").or_null()),
        ("precio", number("20.0")),
        ("moneda", shape::text("MXN")),
        ("detalles", list(free_object(json!({"texto": "10 Mbps"})))),
        ("destacado", flag(true)),
        ("orden", integer(0)),
        ("creado_en", moment()),
    ]);
    product.named("CatalogueProduct")
}

/// The details as a list of objects, whatever was imported.
pub(super) fn details(stored: &str) -> Value {
    match parse(stored) {
        Value::Null => json!([]),
        Value::Array(items) if items.iter().all(Value::is_object) => Value::Array(items),
        Value::Array(items) => items.into_iter().map(as_object).collect(),
        single @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            json!([as_object(single)])
        }
    }
}

/// A JSON text inside a JSON text is read once more.
fn parse(stored: &str) -> Value {
    let outer = serde_json::from_str(stored).unwrap_or_else(|_| Value::String(stored.to_owned()));
    match &outer {
        Value::String(inner) => serde_json::from_str(inner).unwrap_or(outer),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => outer,
    }
}

fn as_object(item: Value) -> Value {
    if let Value::Object(fields) = item {
        return Value::Object(fields.into_iter().map(|(name, value)| (name, flat(value))).collect());
    }
    json!({"value": text(&item)})
}

/// Objects and lists stay; everything else becomes text.
fn flat(value: Value) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) => value,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::String(text(&value)),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::details;
    use serde_json::json;

    #[test]
    fn details_become_a_list_of_objects() {
        let cases = [
            (r#"[{"texto":"10 Mbps","n":1}]"#, json!([{"texto": "10 Mbps", "n": 1}])),
            ("null", json!([])),
            ("[]", json!([])),
            (
                r#"["a", 2, {"x": 3, "y": [1]}]"#,
                json!([{"value": "a"}, {"value": "2"}, {"x": "3", "y": [1]}]),
            ),
            (r#""[{\"texto\":\"a\"}]""#, json!([{"texto": "a"}])),
            (r#"{"x":3}"#, json!([{"x": "3"}])),
            ("not json", json!([{"value": "not json"}])),
        ];
        for (stored, expected) in cases {
            assert_eq!(details(stored), expected, "{stored}");
        }
    }
}
