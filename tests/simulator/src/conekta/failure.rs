//! Errors in the vendor's form.

use serde_json::{Value, json};

/// The language of the text for the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The default.
    Spanish,
    /// When `Accept-Language` begins with `en`.
    English,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Stable code, without the leading `conekta.errors.`.
    pub code: String,
    /// The field.
    pub param: Option<String>,
    /// Text for the buyer: Spanish, English.
    pub message: [&'static str; 2],
    /// Text for the developer.
    pub debug_message: String,
}

/// A request that was not carried out, or a declined charge.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// The vendor's word for the kind of error.
    pub kind: &'static str,
    /// What was wrong, at least one thing.
    pub details: Vec<Detail>,
    /// The whole order, on a declined charge.
    pub data: Option<Value>,
}

impl Failure {
    /// A failure with one detail.
    pub fn new(status: u16, kind: &'static str, detail: Detail) -> Self {
        Self { status, kind, details: vec![detail], data: None }
    }

    /// The body is no JSON object.
    pub fn malformed(debug_message: String) -> Self {
        let message = ["La solicitud no se puede leer.", "The request cannot be read."];
        let code = "malformed_request.invalid_json".to_owned();
        Self::new(400, "malformed_request_error", Detail { code, param: None, message, debug_message })
    }

    /// No key, or something that cannot be one.
    pub fn authentication(code: &str, debug_message: &str) -> Self {
        let message = ["Acceso no autorizado.", "Access is not authorized."];
        let detail = Detail {
            code: format!("authentication.{code}"),
            param: None,
            message,
            debug_message: debug_message.to_owned(),
        };
        Self::new(401, "authentication_error", detail)
    }

    /// The key has no such order, or the path is unknown.
    pub fn not_found(param: &str, debug_message: String) -> Self {
        let message = ["El recurso no fue encontrado.", "The resource could not be found."];
        let code = "resource_not_found.entity".to_owned();
        let detail = Detail { code, param: Some(param.to_owned()), message, debug_message };
        Self::new(404, "resource_not_found_error", detail)
    }

    /// The version in the `Accept` header is not one that exists.
    pub fn version(asked: &str) -> Self {
        let detail = Detail {
            code: "conflict.version".to_owned(),
            param: Some("Accept".to_owned()),
            message: ["La versión de la API no existe.", "The API version does not exist."],
            debug_message: format!("version {asked:?} is not supported; ask for 2.3.0"),
        };
        Self::new(409, "conflict_error", detail)
    }

    /// The order is not in a state that allows it.
    pub fn precondition(code: &str, debug_message: &str) -> Self {
        let detail = Detail {
            code: format!("precondition_required.{code}"),
            param: None,
            message: ["La orden no permite esta operación.", "The order does not allow this operation."],
            debug_message: debug_message.to_owned(),
        };
        Self::new(428, "precondition_required_error", detail)
    }

    /// Fields are wrong.
    pub fn fields(details: Vec<Detail>) -> Self {
        Self { status: 422, kind: "parameter_validation_error", details, data: None }
    }

    /// What a fault answers in place of the truth.
    pub fn on_demand(status: u16) -> Self {
        let detail = Detail {
            code: "api.system.general_failure".to_owned(),
            param: None,
            message: ["Ocurrió un error. Intenta más tarde.", "An error occurred. Try again later."],
            debug_message: "this failure was asked for through the control API".to_owned(),
        };
        Self::new(status, "api_error", detail)
    }

    /// The body as sent.
    pub fn body(&self, language: Language, log_id: &str) -> Value {
        let text = |detail: &Detail| match language {
            Language::Spanish => detail.message[0],
            Language::English => detail.message[1],
        };
        let details: Vec<Value> = self
            .details
            .iter()
            .map(|detail| {
                json!({
                    "code": format!("conekta.errors.{}", detail.code),
                    "param": detail.param,
                    "message": text(detail),
                    "debug_message": detail.debug_message,
                })
            })
            .collect();
        let mut body = json!({ "object": "error", "type": self.kind, "log_id": log_id, "details": details });
        if let Some(order) = &self.data {
            body["data"] = order.clone();
        }
        body
    }
}
