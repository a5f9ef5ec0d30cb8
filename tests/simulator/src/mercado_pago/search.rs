//! `GET /v1/payments/search`: filters, order and pages.

use super::date;
use super::failure::Failure;
use super::payment::Payment;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page when nothing is said.
const LIMIT_DEFAULT: usize = 30;
/// Most rows on a page.
const LIMIT_MAX: usize = 1000;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Filter {
    /// The sender's reference.
    pub reference: Option<String>,
    status: Option<String>,
    by_update: bool,
    range_by_update: bool,
    begin_ms: Option<u64>,
    end_ms: Option<u64>,
    ascending: bool,
    limit: usize,
    offset: usize,
}

impl Filter {
    /// Reads the query of the address.
    ///
    /// # Errors
    /// 400 for what cannot be read. Names that nobody knows are passed over.
    pub fn parse(query: &[(String, String)], now_ms: u64) -> Result<Self, Failure> {
        let mut filter = Self { limit: LIMIT_DEFAULT, ..Self::default() };
        for (name, value) in query {
            let wrong = || Failure::bad_request(1, &format!("{name} is not what this search takes"));
            let number = || value.parse::<usize>().map_err(|_| wrong());
            let moment = || if value == "NOW" { Some(now_ms) } else { date::parse(value) }.ok_or_else(wrong);
            match (name.as_str(), value.as_str()) {
                ("external_reference", _) => filter.reference = Some(value.clone()),
                ("status", _) => filter.status = Some(value.clone()),
                ("sort", "date_created" | "id") => filter.by_update = false,
                ("sort", "date_last_updated") => filter.by_update = true,
                ("range", "date_created") => filter.range_by_update = false,
                ("range", "date_last_updated") => filter.range_by_update = true,
                ("criteria", "asc" | "desc") => filter.ascending = value == "asc",
                ("sort" | "range" | "criteria", _) => return Err(wrong()),
                ("begin_date", _) => filter.begin_ms = Some(moment()?),
                ("end_date", _) => filter.end_ms = Some(moment()?),
                ("limit", _) => filter.limit = number()?.min(LIMIT_MAX),
                ("offset", _) => filter.offset = number()?,
                _ => {}
            }
        }
        Ok(filter)
    }

    fn matches(&self, payment: &Payment) -> bool {
        let at_ms = if self.range_by_update { payment.updated_ms } else { payment.created_ms };
        self.status.as_deref().is_none_or(|status| status == payment.status.word())
            && self.begin_ms.is_none_or(|begin_ms| at_ms >= begin_ms)
            && self.end_ms.is_none_or(|end_ms| at_ms <= end_ms)
    }

    /// A page of the payments that were made up to the horizon; `payments` are of one account, oldest first.
    pub fn page(&self, payments: &[Arc<Payment>], horizon_ms: u64) -> Value {
        let seen = |payment: &&Arc<Payment>| payment.created_ms <= horizon_ms && self.matches(payment);
        let mut found: Vec<&Arc<Payment>> = payments.iter().filter(seen).collect();
        if self.by_update {
            found.sort_by_key(|payment| payment.updated_ms);
        }
        if !self.ascending {
            found.reverse();
        }
        let rows = found.iter().skip(self.offset).take(self.limit).map(|payment| payment.render());
        json!({
            "paging": { "total": found.len(), "limit": self.limit, "offset": self.offset },
            "results": rows.collect::<Vec<_>>(),
        })
    }
}
