//! One endpoint: how it is reached, who may call it, what it takes, what it answers. Written beside its handler.
//!
//! A route enters the router only as an [`Operation`], so that none is without its description. The published description of
//! the interface ([`super::openapi`]) and the table of the contract tests are made from the same values.

use std::collections::BTreeMap;

use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};

use super::app::Shared;
use super::body::{Field, Fields};
use super::error::default_status;
use super::shape::{self, Shape};
use crate::domain::code::Code;
use crate::text::Language;

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// A captive portal, by its router's API key.
    ApiKey,
    /// Any administrator.
    Admin,
    /// An admin of a company.
    CompanyAdmin,
    /// An operator of the platform.
    SuperAdmin,
    /// A gateway, by the signature of its notification.
    Signature,
}

impl Access {
    /// The errors of the check itself.
    #[must_use]
    pub const fn codes(self) -> &'static [Code] {
        match self {
            Self::Open => &[],
            Self::ApiKey => &[
                Code::CredentialsMissing,
                Code::ApiKeyMalformed,
                Code::ApiKeyInvalid,
                Code::ApiKeyExpired,
                Code::ApiKeyRevoked,
                Code::CompanyInactive,
            ],
            Self::Admin => &[
                Code::CredentialsMissing,
                Code::SessionInvalid,
                Code::SessionExpired,
                Code::UserInactive,
                Code::CompanyInactive,
            ],
            Self::CompanyAdmin => &[
                Code::CredentialsMissing,
                Code::SessionInvalid,
                Code::SessionExpired,
                Code::UserInactive,
                Code::RoleForbidden,
                Code::CompanyInactive,
                Code::UserWithoutCompany,
                Code::CompanyNotFound,
            ],
            Self::SuperAdmin => &[
                Code::CredentialsMissing,
                Code::SessionInvalid,
                Code::SessionExpired,
                Code::UserInactive,
                Code::RoleForbidden,
            ],
            Self::Signature => &[Code::InvalidSignature],
        }
    }
}

/// What a variable part of a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// A text; unknown ones are not found.
    Text,
    /// An integer; anything else is 422.
    Integer,
}

/// A good answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its kind of content; empty when it has none.
    pub media: &'static str,
    /// Its content.
    pub shape: Shape,
    /// Whether it says when to ask again.
    pub retry_after: bool,
}

/// What a body of JSON holds.
#[derive(Debug, Clone)]
pub struct Takes {
    /// Its fields.
    pub fields: Vec<Field>,
    /// Reads them.
    pub reading: fn(&mut Fields<'_>),
    /// A good body.
    pub example: Value,
    /// Whether there must be one.
    pub required: bool,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Operation {
    /// How it is asked.
    pub method: Method,
    /// Where, variable parts in braces.
    pub path: &'static str,
    /// What answers.
    pub(super) route: MethodRouter<Shared>,
    /// Who may ask.
    pub access: Access,
    /// What it does, in Spanish and English.
    title: (&'static str, &'static str),
    /// More about it, in Spanish and English.
    note: Option<(&'static str, &'static str)>,
    /// Parts of the path that are no texts.
    integers: Vec<&'static str>,
    /// Parameters of the query.
    pub query: Vec<Field>,
    /// Headers that it reads beside credentials.
    pub headers: Vec<&'static str>,
    /// The body, if it is JSON.
    pub body: Option<Takes>,
    /// Another kind of body that is taken, and whether there must be one.
    pub other_body: Option<(&'static str, Value, bool)>,
    /// Its good answers.
    pub answers: Vec<Answer>,
    /// Its errors, beside those that any endpoint has.
    errors: BTreeMap<u16, Vec<Code>>,
    /// Whether it is left out of the published description.
    pub hidden: bool,
}

impl Operation {
    fn new<H, T>(method: Method, filter: MethodFilter, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        Self {
            method,
            path,
            route: on(filter, handler),
            access: Access::Open,
            title: ("", ""),
            note: None,
            integers: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            other_body: None,
            answers: Vec::new(),
            errors: BTreeMap::new(),
            hidden: false,
        }
    }

    /// An endpoint that reads.
    pub fn get<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::GET, MethodFilter::GET, path, handler)
    }

    /// An endpoint that makes or does something.
    pub fn post<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::POST, MethodFilter::POST, path, handler)
    }

    /// An endpoint that changes something.
    pub fn put<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::PUT, MethodFilter::PUT, path, handler)
    }

    /// An endpoint that takes something away.
    pub fn delete<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    /// Says what it does, in Spanish and English.
    #[must_use]
    pub fn titled(self, spanish: &'static str, english: &'static str) -> Self {
        Self { title: (spanish, english), ..self }
    }

    /// Says more about it, in Spanish and English.
    #[must_use]
    pub fn noted(self, spanish: &'static str, english: &'static str) -> Self {
        Self { note: Some((spanish, english)), ..self }
    }

    /// Says who may ask.
    #[must_use]
    pub fn open_to(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Leaves it out of the published description.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// Says that a part of the path is an integer.
    #[must_use]
    pub fn integer(mut self, name: &'static str) -> Self {
        self.integers.push(name);
        self
    }

    /// Describes the query by its reading.
    #[must_use]
    pub fn reads_query(self, reading: fn(&mut Fields<'_>)) -> Self {
        Self { query: Fields::described(reading), ..self }
    }

    /// Takes `limit` and `offset`.
    #[must_use]
    pub fn paged(self) -> Self {
        self.reads_query(|fields| {
            fields.page(crate::store::page::Page::default());
        })
    }

    /// Describes the body by its reading, with a good one.
    #[must_use]
    pub fn reads(self, example: Value, reading: fn(&mut Fields<'_>)) -> Self {
        let body = Takes { fields: Fields::described(reading), reading, example, required: true };
        Self { body: Some(body), ..self }
    }

    /// As [`Operation::reads`]; no body counts as an empty one.
    #[must_use]
    pub fn may_read(self, example: Value, reading: fn(&mut Fields<'_>)) -> Self {
        let body = Takes { fields: Fields::described(reading), reading, example, required: false };
        Self { body: Some(body), ..self }
    }

    /// Takes a body of another kind.
    #[must_use]
    pub fn takes(self, media: &'static str, schema: Value) -> Self {
        Self { other_body: Some((media, schema, true)), ..self }
    }

    /// Takes whatever comes, be it nothing.
    #[must_use]
    pub fn takes_anything(self) -> Self {
        Self { other_body: Some(("application/json", json!({}), false)), ..self }
    }

    /// Takes a header.
    #[must_use]
    pub fn header(mut self, name: &'static str) -> Self {
        self.headers.push(name);
        self
    }

    /// Answers 200 with JSON of this shape.
    #[must_use]
    pub fn gives(self, shape: Shape) -> Self {
        self.answers(StatusCode::OK, "application/json", shape)
    }

    /// Answers with this status and JSON of this shape, and says when to ask again.
    #[must_use]
    pub fn defers(mut self, shape: Shape) -> Self {
        let (status, media) = (StatusCode::ACCEPTED, "application/json");
        self.answers.push(Answer { status, media, shape, retry_after: true });
        self
    }

    /// Answers with this status and content.
    #[must_use]
    pub fn answers(mut self, status: StatusCode, media: &'static str, shape: Shape) -> Self {
        self.answers.push(Answer { status, media, shape, retry_after: false });
        self
    }

    /// Answers with this status and no content.
    #[must_use]
    pub fn answers_nothing(self, status: StatusCode) -> Self {
        self.answers(status, "", shape::null())
    }

    /// Fails with these codes and the statuses that usually go with them.
    #[must_use]
    pub fn fails(self, codes: &[Code]) -> Self {
        codes.iter().fold(self, |this, &code| this.fails_as(default_status(code), &[code]))
    }

    /// Fails with these codes and this status.
    #[must_use]
    pub fn fails_as(mut self, status: StatusCode, codes: &[Code]) -> Self {
        self.errors.entry(status.as_u16()).or_default().extend(codes);
        self
    }

    /// What it does.
    #[must_use]
    pub fn title(&self, language: Language) -> &'static str {
        say(self.title, language)
    }

    /// More about it.
    #[must_use]
    pub fn note(&self, language: Language) -> Option<&'static str> {
        self.note.map(|note| say(note, language))
    }

    /// The variable parts of its path.
    pub fn segments(&self) -> impl Iterator<Item = (&'static str, Segment)> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names.map(|name| (name, if self.integers.contains(&name) { Segment::Integer } else { Segment::Text }))
    }

    /// Its errors with those of its access, path, query and body, by status; sorted, each once.
    #[must_use]
    pub fn errors(&self) -> BTreeMap<u16, Vec<Code>> {
        let mut all = self.errors.clone();
        let mut add = |code: Code| all.entry(default_status(code).as_u16()).or_default().push(code);
        self.access.codes().iter().copied().for_each(&mut add);
        [Code::RateLimited, Code::InternalError].into_iter().for_each(&mut add);
        if self.segments().next().is_some() {
            add(Code::RouteNotFound);
        }
        let takes_body = self.body.is_some() || self.other_body.is_some();
        if takes_body {
            [Code::BodyTooLarge, Code::RequestInvalid].into_iter().for_each(&mut add);
        }
        if self.body.is_some()
            || !self.query.is_empty()
            || !self.integers.is_empty()
            || !self.headers.is_empty()
        {
            add(Code::ValidationError);
        }
        for codes in all.values_mut() {
            codes.sort_unstable();
            codes.dedup();
        }
        all
    }
}

const fn say((spanish, english): (&'static str, &'static str), language: Language) -> &'static str {
    match language {
        Language::Spanish => spanish,
        Language::English => english,
    }
}
