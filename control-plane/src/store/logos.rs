//! Logos of companies, one each.

use super::{Conn, StoreError};

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Logo {
    /// Whose it is.
    pub company_id: String,
    /// Its name; another picture has another one.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// The picture.
    pub image: Vec<u8>,
    /// When it was stored, in milliseconds.
    pub created_at: i64,
}

/// Stores a logo in place of the company's earlier one.
///
/// # Errors
/// When the database refuses.
pub async fn replace(conn: &mut Conn<'_>, logo: &Logo) -> Result<(), StoreError> {
    execute!(
        conn,
        "INSERT INTO logos (company_id, file_name, media_type, image, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (company_id) DO UPDATE SET file_name = excluded.file_name, media_type = excluded.media_type,
             image = excluded.image, created_at = excluded.created_at",
        &logo.company_id,
        &logo.file_name,
        &logo.media_type,
        logo.image.as_slice(),
        logo.created_at
    )
    .map(|_| ())
}

/// The logo of this name. Logos are public: whoever knows the name may have it.
///
/// # Errors
/// When the database fails.
pub async fn by_name(conn: &mut Conn<'_>, file_name: &str) -> Result<Option<Logo>, StoreError> {
    fetch_optional!(
        conn,
        Logo,
        "SELECT company_id, file_name, media_type, image, created_at FROM logos WHERE file_name = $1",
        file_name
    )
}
