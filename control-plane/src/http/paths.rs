//! What holds for a path whatever happens on it: whose scripts may read the answer, and where a slash too many leads.
//!
//! Cross-origin headers are set here and not beside the endpoints, so that redirects, refusals and panics have them, too.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower::{Layer, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use super::error::ApiError;
use super::frame;
use crate::domain::code::Code;

/// How long a browser may keep the answer to a preflight request, in seconds.
const PREFLIGHT_LIFE_S: u64 = 600;

/// All paths that are served, each with its cross-origin rule; none where only our own pages ask.
#[derive(Clone)]
pub(super) struct Paths(Arc<[(&'static str, Option<CorsLayer>)]>);

impl Paths {
    pub(super) fn new(paths: Vec<(&'static str, Option<CorsLayer>)>) -> Self {
        Self(paths.into())
    }

    fn cors(&self, request: &Request) -> Option<CorsLayer> {
        let known = match request.extensions().get::<MatchedPath>() {
            Some(matched) => self.0.iter().find(|(pattern, _)| *pattern == matched.as_str()),
            None => without_slash(request).and_then(|path| self.find(path)),
        };
        match known {
            Some((_, cors)) => cors.clone(),
            // It tells nothing, and a portal that asks for what we do not have must be able to read that.
            None => Some(portal_cors()),
        }
    }

    /// The pattern that a path fits; of several, the one with the fewest variable parts.
    fn find(&self, path: &str) -> Option<&(&'static str, Option<CorsLayer>)> {
        let fitting = self.0.iter().filter(|(pattern, _)| fits(pattern, path));
        fitting.min_by_key(|(pattern, _)| pattern.matches('{').count())
    }
}

/// Portals are served by routers, so that their origin can be anything; their credential is no cookie.
pub(super) fn portal_cors() -> CorsLayer {
    cors().allow_origin(AllowOrigin::any())
}

/// Panels come from configured origins; none when there are none.
pub(super) fn session_cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    (!origins.is_empty()).then(|| cors().allow_origin(origins))
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([frame::REQUEST_ID, header::RETRY_AFTER])
        .max_age(Duration::from_secs(PREFLIGHT_LIFE_S))
}

/// Answers preflight requests and sets the cross-origin headers of every other answer.
pub(super) async fn cross_origin(State(paths): State<Paths>, request: Request, next: Next) -> Response {
    match paths.cors(&request) {
        Some(cors) => cors.layer(next).oneshot(request).await.unwrap_or_else(|never| match never {}),
        None => next.run(request).await,
    }
}

/// There is nothing at this path, unless it is one of ours with a slash too many.
pub(super) fn nowhere(request: &Request, paths: &Paths) -> Response {
    let Some(shorter) = without_slash(request).filter(|path| paths.find(path).is_some()) else {
        return ApiError::new(Code::RouteNotFound).into_response();
    };
    let target = match request.uri().query() {
        Some(query) => format!("{shorter}?{query}"),
        None => shorter.to_owned(),
    };
    Redirect::temporary(&target).into_response()
}

fn without_slash(request: &Request) -> Option<&str> {
    request.uri().path().strip_suffix('/')
}

/// Whether a path is one of a pattern such as `/a/{b}`.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut parts, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment => {}
            (Some(part), Some(segment)) if part.starts_with('{') && !segment.is_empty() => {}
            (Some(_) | None, Some(_) | None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::{Paths, cross_origin, fits, portal_cors};
    use crate::http::frame;

    #[test]
    fn patterns_fit_paths() {
        assert!(fits("/a/{b}/c", "/a/1/c"));
        for path in ["/a/1", "/a//c", "/a/1/c/d", "/b/1/c"] {
            assert!(!fits("/a/{b}/c", path), "{path}");
        }
    }

    #[test]
    fn the_pattern_with_the_fewest_variable_parts_counts() {
        let paths = Paths::new(vec![("/a/{b}", Some(portal_cors())), ("/a/list", None)]);
        assert_eq!(paths.find("/a/list").map(|(pattern, _)| *pattern), Some("/a/list"));
        assert_eq!(paths.find("/a/1").map(|(pattern, _)| *pattern), Some("/a/{b}"));
        assert!(paths.find("/a").is_none());
    }

    #[tokio::test]
    async fn a_portal_can_read_that_its_request_failed_inside() {
        async fn fail() {
            panic!("on purpose");
        }
        let paths = Paths::new(vec![("/portal", Some(portal_cors())), ("/open", None)]);
        let router: Router = Router::new()
            .route("/portal", get(fail))
            .route("/open", get(fail))
            .layer(CatchPanicLayer::custom(frame::panicked))
            .layer(from_fn_with_state(paths, cross_origin));
        for (path, readable) in [("/portal", true), ("/open", false)] {
            let request = Request::get(path).header(ORIGIN, "http://hotspot.local").body(Body::empty());
            let answer = router.clone().oneshot(request.expect("a request")).await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 500);
            assert_eq!(answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), readable, "{path}");
        }
    }
}
