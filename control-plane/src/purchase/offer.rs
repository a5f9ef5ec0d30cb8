//! What a gateway is told of a purchase.

use super::state::{Terms, UserType};
use crate::gateway::{self, GatewayName, Sale};
use crate::store::credentials;

/// The sale as gateways take it.
#[must_use]
pub(super) fn sale(terms: &Terms) -> Sale {
    let mut labels = vec![
        ("empresa_id", terms.company.to_string()),
        ("router_id", terms.router.to_string()),
        ("producto_id", terms.product.id.to_string()),
        ("auto_connect_requested", terms.device.auto_connect.to_string()),
        ("mac_cliente", terms.device.mac.clone().unwrap_or_default()),
        ("ip_cliente", terms.device.ip.clone().unwrap_or_default()),
        ("user_type", user_type(terms.user_type).to_owned()),
    ];
    if terms.gateway == GatewayName::MercadoPago {
        labels.push(("product_name", terms.product.name.clone()));
        labels.push(("transaction_amount", terms.product.price.decimal()));
        labels.push(("perfil_mikrotik", terms.product.profile.clone()));
    }
    Sale {
        purchase_id: terms.id.to_string(),
        attempt: terms.attempt(),
        price: terms.product.price,
        item: terms.product.name.clone(),
        product_id: terms.product.id,
        buyer: gateway::Buyer {
            name: terms.buyer.name.clone(),
            email: terms.buyer.email.clone(),
            phone: terms.buyer.phone.clone(),
        },
        labels,
    }
}

/// Field name under which a company's secret key at a gateway is sealed.
#[must_use]
pub(super) const fn key_field(gateway: GatewayName) -> &'static str {
    match gateway {
        GatewayName::Conekta => credentials::CONEKTA_PRIVATE_KEY,
        GatewayName::MercadoPago => credentials::MERCADO_PAGO_ACCESS_TOKEN,
    }
}

const fn user_type(user_type: UserType) -> &'static str {
    match user_type {
        UserType::Password => "usuario_contrasena",
        UserType::Pin => "pin",
    }
}
