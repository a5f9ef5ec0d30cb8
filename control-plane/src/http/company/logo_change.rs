//! `POST /api/v1/admin/mi-empresa/logo`: a picture in the field `file` of a form.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use futures_util::stream;
use multer::Multipart;
use serde_json::{Value, json};

use crate::causes::chain;
use crate::domain::code::Code;
use crate::http::app::Shared;
use crate::http::body::read_bytes_within;
use crate::http::error::{ApiError, Fault, Issue};
use crate::http::extract::CompanyAdmin;
use crate::tenants::TenantError;
use crate::tenants::logos::Kind;
use crate::text::Language;

/// Name of the field.
const FILE: &str = "file";
/// Longest wait for the whole form, in milliseconds.
const UPLOAD_MS: u64 = 60_000;

/// See the module.
///
/// # Errors
/// `image_format_invalid`, `body_too_large`, 422 without a file, `rate_limited` when too many pictures wait,
/// `company_not_found`, or `file_save_failed`.
pub async fn handle(
    State(app): State<Shared>,
    admin: CompanyAdmin,
    language: Language,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let boundary = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = boundary.and_then(|kind| multer::parse_boundary(kind).ok()).ok_or_else(missing)?;
    let limit = Duration::from_millis(UPLOAD_MS);
    let form = read_bytes_within(request, app.config.http.upload_bytes_max, limit).await?;
    let (name, bytes) = file(form, boundary).await.ok_or_else(missing)?;
    let kind = Kind::of_file(&name).ok_or_else(|| ApiError::new(Code::ImageFormatInvalid))?;
    let path = app.logos.change(&admin.company, kind, bytes).await.map_err(refused)?;
    let code = Code::LogoUpdated;
    Ok(Json(json!({"message": language.code(code), "code": code.as_str(), "logo_url": path})))
}

fn missing() -> ApiError {
    ApiError::validation(vec![Issue::body(FILE, Fault::Missing)])
}

fn refused(error: TenantError) -> ApiError {
    match error {
        TenantError::Refused(code) => ApiError::new(code),
        TenantError::Store(error) => {
            tracing::error!(error = %chain(&error), "logo could not be stored");
            ApiError::new(Code::FileSaveFailed)
        }
    }
}

/// Name and content of the file in a form; none when there is none.
async fn file(form: Vec<u8>, boundary: String) -> Option<(String, Vec<u8>)> {
    let bytes = stream::iter([Ok::<_, Infallible>(Bytes::from(form))]);
    let mut form = Multipart::new(bytes, boundary);
    while let Some(field) = form.next_field().await.ok()? {
        if field.name() == Some(FILE) {
            let name = field.file_name()?.to_owned();
            return Some((name, field.bytes().await.ok()?.to_vec()));
        }
    }
    None
}
