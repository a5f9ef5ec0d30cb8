//! Whose notification it is, and which transaction it is about.

use super::notice::Source;
use crate::domain::id::{CompanyId, PurchaseId};
use crate::store::transactions::{self, Target};
use crate::store::{Conn, StoreError, companies};

/// Where a notification points; all of it hearsay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pointers<'a> {
    /// Order or payment at the gateway.
    pub object_id: Option<&'a str>,
    /// Our reference.
    pub reference: Option<&'a str>,
    /// Our company.
    pub company: Option<&'a str>,
}

/// The company of a notification that came to a shared address.
///
/// # Errors
/// When the database fails.
pub async fn company(
    conn: &mut Conn<'_>,
    source: Source,
    pointers: Pointers<'_>,
) -> Result<Option<CompanyId>, StoreError> {
    if source == Source::MercadoPago
        && let Some(reference) = pointers.reference
    {
        let purchase = purchase_of(reference);
        let found = transactions::owner_of_reference(conn, source.as_str(), reference, &purchase).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    if let Some(object) = pointers.object_id {
        let found = transactions::owner_of_object(conn, source.as_str(), object).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    match (source, pointers.company) {
        (Source::Conekta, Some(named)) => {
            let named = CompanyId::new(named);
            Ok(companies::exists(conn, &named).await?.then_some(named))
        }
        (Source::Conekta, None) | (Source::MercadoPago, _) => Ok(None),
    }
}

/// The company's transaction that a notification is about, as far as our own books tell.
///
/// A reference is followed for Conekta only, whose orders carry ours from the beginning; Mercado Pago's is asked for at the
/// gateway.
///
/// # Errors
/// When the database fails.
pub async fn target(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    source: Source,
    pointers: Pointers<'_>,
) -> Result<Option<Target>, StoreError> {
    if let Some(object) = pointers.object_id {
        let found = transactions::by_object(conn, company, source.as_str(), object).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    match (source, pointers.reference) {
        (Source::Conekta, Some(reference)) => by_reference(conn, company, source, reference).await,
        (Source::Conekta, None) | (Source::MercadoPago, _) => Ok(None),
    }
}

/// The company's transaction with a reference that the gateway confirmed.
///
/// # Errors
/// When the database fails.
pub async fn by_reference(
    conn: &mut Conn<'_>,
    company: &CompanyId,
    source: Source,
    reference: &str,
) -> Result<Option<Target>, StoreError> {
    let purchase = purchase_of(reference);
    transactions::by_reference(conn, company, source.as_str(), reference, &purchase).await
}

/// The purchase of a reference: what stands before the attempt's number.
fn purchase_of(reference: &str) -> PurchaseId {
    match reference.rsplit_once('-') {
        Some((purchase, attempt)) if attempt.bytes().all(|digit| digit.is_ascii_digit()) => {
            PurchaseId::new(purchase)
        }
        Some(_) | None => PurchaseId::new(reference),
    }
}

#[cfg(test)]
mod tests {
    use super::purchase_of;

    #[test]
    fn a_reference_names_its_purchase() {
        for (reference, purchase) in [
            ("TRX_0123456789ABCDEF01234567-1", "TRX_0123456789ABCDEF01234567"),
            ("TRX_0123456789ABCDEF01234567", "TRX_0123456789ABCDEF01234567"),
            ("HS-2024-abc", "HS-2024-abc"),
        ] {
            assert_eq!(purchase_of(reference).as_str(), purchase);
        }
    }
}
