//! How an admin sees a product: details as plain texts.

use serde_json::{Value, json};

use crate::http::shape::{Shape, flag, integer, list, moment, number, object, text};
use crate::store::StoreError;
use crate::store::products::Product;

/// The product as JSON.
pub(super) fn view(product: &Product) -> Result<Value, StoreError> {
    Ok(json!({
        "id": product.id,
        "router_id": product.router_id,
        "perfil_mikrotik_id": product.profile_id,
        "perfil_mikrotik_nombre": product.profile_name,
        "nombre_venta": product.sale_name,
        "descripcion": product.description,
        "imagen_url": product.image_url,
        "precio": product.price()?.json(),
        "moneda": product.currency,
        "detalles": texts(&product.details),
        "activo": product.active,
        "orden_visual": product.display_order,
        "destacado": product.featured,
        "creado_en": product.created_at.iso(),
    }))
}

/// The shape of [`view`].
pub(super) fn product_shape() -> Shape {
    let product = object([
        ("id", integer(7)),
        ("router_id", text("RTR_00AA11BB")),
        ("perfil_mikrotik_id", text("*3")),
        ("perfil_mikrotik_nombre", text("1h")),
        ("nombre_venta", text("Una hora")),
        ("descripcion", text("Hasta 10 Mbps").or_null()),
        ("imagen_url", text("https://example.org/1h.png").or_null()),
        ("precio", number("20.0")),
        ("moneda", text("MXN")),
        ("detalles", list(text("10 Mbps"))),
        ("activo", flag(true)),
        ("orden_visual", integer(0)),
        ("destacado", flag(true)),
        ("creado_en", moment()),
    ]);
    product.named("Product")
}

/// The `texto` of each detail; empty where there is none.
fn texts(stored: &str) -> Vec<String> {
    let Ok(Value::Array(details)) = serde_json::from_str(stored) else { return Vec::new() };
    details.iter().map(detail_text).collect()
}

fn detail_text(detail: &Value) -> String {
    match detail {
        Value::Object(fields) => match fields.get("texto") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => detail.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn details_are_their_texts() {
        assert_eq!(texts(r#"[{"texto":"10 Mbps"},{"label":"x"},{"texto":5}]"#), ["10 Mbps", "", "5"]);
        assert_eq!(texts("null"), Vec::<String>::new());
    }
}
