//! `GET /orders` and `GET /charges`: filters, search and pages. Newest first.

use super::event::Event;
use super::failure::{Detail, Failure};
use super::order::{Order, Status};
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows on a page when nothing is said.
const LIMIT_DEFAULT: usize = 20;
/// Most rows on a page.
const LIMIT_MAX: usize = 250;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Filter {
    limit: usize,
    search: Option<String>,
    payment_status: Option<String>,
    /// Bounds of `created_at`, both included.
    created_from: Option<u64>,
    created_to: Option<u64>,
    next: Option<String>,
    /// The filters as they came, for the address of the next page.
    rest: String,
}

impl Filter {
    /// Reads the query of the address.
    ///
    /// # Errors
    /// 422 for a number that is none, or a limit out of range. Names that nobody knows are passed over.
    pub fn parse(query: &[(String, String)]) -> Result<Self, Failure> {
        let mut filter = Self { limit: LIMIT_DEFAULT, ..Self::default() };
        for (name, value) in query {
            if !matches!(name.as_str(), "limit" | "next") {
                filter.rest.push_str(&format!("&{}={}", escaped(name), escaped(value)));
            }
            let number = || value.parse::<u64>().map_err(|_| wrong(name));
            match name.as_str() {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                    filter.limit = limit.ok_or_else(|| wrong(name))?;
                }
                "search" => filter.search = Some(value.to_lowercase()),
                "payment_status" => filter.payment_status = Some(value.clone()),
                "next" => filter.next = Some(value.clone()),
                "created_at" => {
                    filter.created_from = Some(number()?);
                    filter.created_to = Some(number()?);
                }
                "created_at.gte" => filter.created_from = Some(number()?),
                "created_at.gt" => filter.created_from = Some(number()?.saturating_add(1)),
                "created_at.lte" => filter.created_to = Some(number()?),
                "created_at.lt" => filter.created_to = number()?.checked_sub(1).or(Some(0)),
                _ => {}
            }
        }
        Ok(filter)
    }

    fn covers(&self, created_at: u64) -> bool {
        self.created_from.is_none_or(|from| created_at >= from)
            && self.created_to.is_none_or(|to| created_at <= to)
    }

    fn matches(&self, order: &Order) -> bool {
        let status = order.status.map_or("", Status::word);
        self.covers(order.created_at)
            && self.payment_status.as_deref().is_none_or(|wanted| wanted == status)
            && self.search.as_deref().is_none_or(|text| found_in(order, text))
    }
}

/// A page of these orders of a key.
pub fn orders(orders: &[Arc<Order>], filter: &Filter, url: &str) -> Value {
    let matching = orders.iter().rev().filter(|order| filter.matches(order));
    page(matching.map(|order| (order.id.as_str(), || order.render())), filter, &format!("{url}/orders"))
}

/// A page of the charges of these orders of a key.
pub fn charges(orders: &[Arc<Order>], filter: &Filter, url: &str) -> Value {
    let matching = orders.iter().rev().filter(|order| filter.matches(order));
    let charges = matching.flat_map(|order| order.charges.iter().rev().map(move |charge| (order, charge)));
    let rows = charges.map(|(order, charge)| (charge.id.as_str(), move || order.render_charge(charge)));
    page(rows, filter, &format!("{url}/charges"))
}

/// A page of these events of a key.
pub fn events(events: &[Arc<Event>], filter: &Filter, url: &str) -> Value {
    let within = |event: &&Arc<Event>| filter.covers(event.created_at);
    let rows = events.iter().rev().filter(within);
    page(rows.map(|event| (event.id.as_str(), || event.render())), filter, &format!("{url}/events"))
}

fn page<'a, R: Fn() -> Value>(rows: impl Iterator<Item = (&'a str, R)>, filter: &Filter, url: &str) -> Value {
    let mut total = 0;
    let mut data = Vec::new();
    let mut last = None;
    let mut has_more = false;
    // With a cursor, the page begins behind the row that it names.
    let mut begun = filter.next.is_none();
    for (id, render) in rows {
        total += 1;
        if begun && data.len() < filter.limit {
            data.push(render());
            last = Some(id);
        } else if begun {
            has_more = true;
        } else {
            begun = filter.next.as_deref() == Some(id);
        }
    }
    let next =
        last.filter(|_| has_more).map(|id| format!("{url}?limit={}&next={id}{}", filter.limit, filter.rest));
    json!({
        "object": "list",
        "has_more": has_more,
        "total": total,
        "next_page_url": next,
        "previous_page_url": null,
        "data": data,
    })
}

/// Which fields the vendor searches is not published; these are the ones that its words suggest.
fn found_in(order: &Order, text: &str) -> bool {
    let customer = &order.draft.customer;
    let references = order.charges.iter().filter_map(|charge| charge.draft.reference_id.as_deref());
    let fields = [order.id.as_str(), &customer.name, &customer.email, &customer.phone];
    let lower = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase);
    let metadata = order.draft.metadata.values().map(lower);
    fields.into_iter().chain(references).any(|field| field.to_lowercase().contains(text))
        || metadata.into_iter().any(|value| value.contains(text))
}

/// A text as it stands in an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn wrong(name: &str) -> Failure {
    Failure::fields(vec![Detail {
        code: format!("parameter_validation.{name}.invalid"),
        param: Some(name.to_owned()),
        message: ["Los datos enviados no son válidos.", "The data sent is not valid."],
        debug_message: format!("{name} is not a number that this list takes"),
    }])
}
