#!/usr/bin/env python3
"""Checks the simulated Mercado Pago with the vendor's own SDK.

    mercado_pago_client.py MERCADO_PAGO_URL CONTROL_URL

Pays, repeats, reads, searches, refunds, cancels and captures; then receives webhooks and lets the SDK judge their
signatures. Prints one line and ends with 0, or ends with an error.
"""

import sys
import uuid
from urllib.parse import parse_qs, urlsplit

import mercadopago
from mercadopago.config import RequestOptions
from mercadopago.errors.exceptions import MercadoPagoError
from mercadopago.http import HttpClient
from mercadopago.webhook import InvalidWebhookSignatureError, WebhookSignatureValidator

from receiver import Receiver, control, state

REAL_URL = "https://api.mercadopago.com"
SECRET = "outside-secret"


class Rerouted(HttpClient):
    """The SDK has one address built in: this sends its requests to the simulator, and changes nothing else."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def request(self, method, url, **arguments):
        assert url.startswith(REAL_URL), url
        return super().request(method, self.url + url[len(REAL_URL) :], **arguments)


def keyed(token, key):
    return RequestOptions(access_token=token, custom_headers={"x-idempotency-key": key})


def payment(token, reference, **more):
    return {
        "transaction_amount": 20.50,
        "token": token,
        "installments": 1,
        "payment_method_id": "visa",
        "description": "WiFi 1 hora",
        "external_reference": reference,
        "payer": {"email": "ana@example.mx"},
        **more,
    }


def answer(done, status):
    assert done["status"] == status, done
    return done["response"]


def refused(action, status, code=None):
    done = action()
    assert done["status"] == status, done
    causes = [cause["code"] for cause in done["response"]["cause"]]
    assert code is None or code in causes, done
    try:
        done.raise_for_status()
    except MercadoPagoError:
        return
    raise AssertionError(f"the SDK sees no error in {done}")


def check_payment(sdk, token):
    reference, key = uuid.uuid4().hex, uuid.uuid4().hex
    body = payment(f"tok-APRO-{key}", reference)
    made = answer(sdk.payment().create(body, keyed(token, key)), 201)
    assert made["status"] == "approved" and made["status_detail"] == "accredited", made
    assert made["transaction_amount"] == 20.5 and made["currency_id"] == "MXN", made
    assert made["id"] > 2**53 and made["captured"] is True and made["live_mode"] is False, made
    again = answer(sdk.payment().create(body, keyed(token, key)), 201)
    assert again["id"] == made["id"], again
    assert answer(sdk.payment().get(made["id"]), 200)["external_reference"] == reference
    filters = {"external_reference": reference, "sort": "date_created", "criteria": "desc"}
    found = answer(sdk.payment().search(filters), 200)
    assert [row["id"] for row in found["results"]] == [made["id"]], found
    assert found["paging"]["total"] == 1, found
    other = payment(f"tok-APRO-{uuid.uuid4().hex}", reference)
    refused(lambda: sdk.payment().create(other, keyed(token, key)), 409)
    refused(lambda: sdk.payment().create(body, keyed(token, uuid.uuid4().hex)), 400, 2006)
    return made["id"]


def check_refunds(sdk, token, payment_id):
    part = answer(sdk.refund().create(payment_id, {"amount": 5.00}, keyed(token, uuid.uuid4().hex)), 201)
    assert part["amount"] == 5 and part["payment_id"] == payment_id, part
    shown = answer(sdk.payment().get(payment_id), 200)
    assert (shown["status"], shown["status_detail"]) == ("approved", "partially_refunded"), shown
    assert shown["transaction_amount_refunded"] == 5, shown
    refused(lambda: sdk.refund().create(payment_id, {"amount": 15.51}), 400)
    rest = answer(sdk.refund().create(payment_id), 201)
    assert rest["amount"] == 15.5, rest
    assert answer(sdk.payment().get(payment_id), 200)["status"] == "refunded"
    listed = answer(sdk.refund().list_all(payment_id), 200)
    assert [row["id"] for row in listed] == [part["id"], rest["id"]], listed
    assert answer(sdk.refund().get(payment_id, rest["id"]), 200)["amount"] == 15.5


def check_outcomes(sdk):
    declined = answer(sdk.payment().create(payment(f"tok-FUND-{uuid.uuid4().hex}", "declined")), 201)
    assert declined["status_detail"] == "cc_rejected_insufficient_amount", declined
    cash = {"transaction_amount": 20, "payment_method_id": "oxxo", "payer": {"email": "ana@example.mx"}}
    waiting = answer(sdk.payment().create(cash), 201)
    assert waiting["status_detail"] == "pending_waiting_payment", waiting
    closed = answer(sdk.payment().update(waiting["id"], {"status": "cancelled"}), 200)
    assert closed["status"] == "cancelled", closed
    held = answer(sdk.payment().create(payment(f"tok-APRO-{uuid.uuid4().hex}", "held", capture=False)), 201)
    assert held["status"] == "authorized", held
    assert answer(sdk.payment().capture(held["id"]), 200)["status"] == "approved"


def judge(message, secret=SECRET, **changed):
    data_id = parse_qs(urlsplit(message.path).query)["data.id"][0]
    headers = {name.lower(): value for name, value in message.headers.items()}
    given = {"x_signature": headers.get("x-signature"), "x_request_id": headers["x-request-id"], "data_id": data_id}
    WebhookSignatureValidator.validate(**{**given, **changed}, secret=secret)
    return data_id


def rejected(message, **changed):
    try:
        judge(message, **changed)
    except InvalidWebhookSignatureError:
        return
    raise AssertionError(f"the SDK took a wrong signature: {changed}")


def check_webhooks(sdk, control_url):
    receiver = Receiver()
    panel = {"target": "mercado_pago", "url": receiver.url, "secret": SECRET}
    control(control_url, "/webhooks", panel)
    made = answer(sdk.payment().create(payment(f"tok-APRO-{uuid.uuid4().hex}", "told")), 201)
    message = receiver.next()
    assert judge(message) == str(made["id"]) == message.json["data"]["id"], message.json
    judge(message, tolerance_seconds=300)
    rejected(message, secret="another")
    rejected(message, data_id="1")
    rejected(message, x_request_id="another")
    control(control_url, "/webhooks", {**panel, "ts_unit": "ms"})
    send = {"target": "mercado_pago", "id": str(made["id"])}
    control(control_url, "/webhooks/send", send)
    judge(receiver.next())
    for signature in ["bad", "none"]:
        control(control_url, "/webhooks/send", {**send, "signature": signature})
        rejected(receiver.next())


def main():
    url, control_url = sys.argv[1:3]
    token = f"APP_USR-1-{uuid.uuid4().hex}"
    sdk = mercadopago.SDK(token, http_client=Rerouted(url))
    payment_id = check_payment(sdk, token)
    check_refunds(sdk, token, payment_id)
    check_outcomes(sdk)
    others = mercadopago.SDK("APP_USR-2-other", http_client=Rerouted(url))
    refused(lambda: others.payment().get(payment_id), 404)
    anonymous = mercadopago.SDK("nothing", http_client=Rerouted(url))
    refused(lambda: anonymous.payment().get(payment_id), 401)
    check_webhooks(sdk, control_url)
    kinds = [line["kind"] for line in state(control_url)["mercado_pago"]["ledger"]]
    assert kinds == ["charge", "refund", "refund", "declined", "hold", "capture", "charge"], kinds
    print("OK mercadopago SDK against the simulated gateway")


if __name__ == "__main__":
    main()
