"""Checks of ours beside those of Schemathesis, and a session of its own for each logout."""

import os

import requests
import schemathesis

LOGIN = "/api/v1/auth/login"
LOGOUT = "/api/v1/auth/logout"


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


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """A logout ends the session that asks for it, so each good one gets a session that nobody else uses."""
    own = os.environ.get("PAGOS_FUZZ_SESSION")
    headers = case.headers or {}
    if case.operation.path == LOGOUT and own and headers.get("Authorization") == f"Bearer {own}":
        account = {"email": os.environ["PAGOS_FUZZ_EMAIL"], "password": os.environ["PAGOS_FUZZ_PASSWORD"]}
        answer = requests.post(case.operation.base_url + LOGIN, json=account, timeout=30)
        case.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
