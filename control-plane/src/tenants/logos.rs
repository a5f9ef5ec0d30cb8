//! Logos of companies: checked, drawn anew and stored in the database, so that every process can serve them and a backup of
//! the database holds them.

mod picture;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::TenantError;
use crate::domain::code::Code;
use crate::domain::id::CompanyId;
use crate::seams::Clock;
use crate::store::logos::{self, Logo};
use crate::store::{Store, companies};

pub use picture::Kind;

/// Where logos are served.
pub const LOGOS_PATH: &str = "/static/logos/";
/// Pictures that are drawn at the same time; each takes a core and up to 150 MiB for a moment.
const WORKERS_MAX: usize = 1;
/// Pictures that are drawn or wait; more are told to come back.
const PLACES_MAX: usize = 8;
/// Bytes of the picture's hash that make its file name.
const NAME_BYTES: usize = 3;

/// Changes logos.
#[derive(Debug)]
pub struct Logos {
    store: Store,
    clock: Clock,
    places: Semaphore,
    workers: Arc<Semaphore>,
}

impl Logos {
    /// A pool without work.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let workers = Arc::new(Semaphore::new(WORKERS_MAX));
        Self { store, clock, places: Semaphore::new(PLACES_MAX), workers }
    }

    /// Makes `bytes`, which must be a picture of this kind, the logo of a company; gives its path. The earlier one is gone.
    ///
    /// # Errors
    /// `image_format_invalid`, `rate_limited` when too many wait, `company_not_found`, or when the database does not do it.
    pub async fn change(
        &self,
        company: &CompanyId,
        kind: Kind,
        bytes: Vec<u8>,
    ) -> Result<String, TenantError> {
        let image = self.redrawn(kind, bytes).await?;
        let hash = hex::encode(Sha256::digest(&image));
        let mark = hash.get(..2 * NAME_BYTES).unwrap_or_default();
        let logo = Logo {
            company_id: company.to_string(),
            file_name: format!("logo_{company}_{mark}.{}", kind.extension()),
            media_type: kind.media_type().to_owned(),
            image,
            created_at: self.clock.now().0,
        };
        let path = format!("{LOGOS_PATH}{}", logo.file_name);
        let (owner, url) = (company.clone(), path.clone());
        self.store
            .write::<_, TenantError, _>(move |conn| {
                Box::pin(async move {
                    if !companies::set_logo(conn, &owner, &url).await? {
                        return Err(Code::CompanyNotFound.into());
                    }
                    Ok(logos::replace(conn, &logo).await?)
                })
            })
            .await?;
        tracing::info!(company.id = %company, "logo changed");
        Ok(path)
    }

    /// Draws the picture anew, off the threads that answer requests.
    async fn redrawn(&self, kind: Kind, bytes: Vec<u8>) -> Result<Vec<u8>, TenantError> {
        let busy = |_| TenantError::Refused(Code::RateLimited);
        let _place = self.places.try_acquire().map_err(busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let worker = worker.map_err(|_| TenantError::Refused(Code::RateLimited))?;
        let drawing = tokio::task::spawn_blocking(move || {
            let drawn = picture::redrawn(&bytes, kind);
            drop(worker);
            drawn
        });
        // A picture that makes the decoder panic is no good picture either.
        let drawn = drawing.await.unwrap_or_default();
        drawn.ok_or_else(|| Code::ImageFormatInvalid.into())
    }
}
