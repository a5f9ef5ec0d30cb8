"""Checks of ours beside those of Schemathesis."""

import schemathesis


def is_json(response):
    return any("application/json" in kind for kind in response.headers.get("content-type", []))


@schemathesis.check
def no_internal_error(ctx, response, case):
    """No request whatever may run into a fault of ours."""
    assert not is_json(response) or b'"internal_error"' not in response.content, "a fault of ours"


@schemathesis.check
def errors_have_a_code(ctx, response, case):
    """Every error carries its code and the id of the request."""
    if response.status_code < 400 or not is_json(response):
        return
    body = response.json()
    if "status" in body:  # /ready tells the same in its own words
        return
    assert {"detail", "code", "request_id"} <= body.keys(), body
    assert response.headers["x-request-id"] == [body["request_id"]], "another request's id"
