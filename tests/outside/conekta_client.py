#!/usr/bin/env python3
"""Checks the simulated Conekta with the vendor's own SDK.

    conekta_client.py CONEKTA_URL CONTROL_URL

Opens an order, charges it, reads it, refunds it in parts and in whole, cancels one, and looks at what is refused; then
receives webhooks and checks their signatures under the keys that the SDK fetched. Prints one line and ends with 0, or
ends with an error.
"""

import base64
import sys
import time
import uuid

import conekta
from conekta.exceptions import ApiException
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from receiver import Receiver, control


def order_request(sale_id, **more):
    return conekta.OrderRequest(
        currency="MXN",
        customer_info=conekta.OrderRequestCustomerInfo(
            conekta.CustomerInfo(name="Ana Diaz", email="ana@example.mx", phone="+525512345678")
        ),
        line_items=[conekta.Product(name="WiFi 1 hora", unit_price=2000, quantity=1, sku="prod-17")],
        metadata={"sale_id": sale_id},
        **more,
    )


def charge_request(token):
    method = conekta.PaymentMethodGeneralRequest(type="card", token_id=token)
    return conekta.ChargeRequest(payment_method=conekta.ChargeRequestPaymentMethod(method), reference_id="attempt-1")


def refused(action, status, code):
    try:
        action()
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        assert code in error.body, error.body
        return error
    raise AssertionError(f"expected {status} with {code}")


def client(url, key):
    configuration = conekta.Configuration(host=url, access_token=key)
    api = conekta.ApiClient(configuration)
    return conekta.OrdersApi(api), conekta.ChargesApi(api)


def check_two_steps(orders, charges, token):
    sale_id = uuid.uuid4().hex
    order = orders.create_order(order_request(sale_id, three_ds_mode="smart"), accept_language="es")
    assert order.id.startswith("ord_") and order.amount == 2000, order
    assert order.payment_status is None and order.charges is None and order.livemode is False, order
    charge = charges.orders_create_charge(order.id, charge_request(token))
    assert charge.status == "paid" and charge.amount == 2000 and charge.order_id == order.id, charge
    paid = orders.get_order_by_id(order.id)
    assert paid.payment_status == "paid" and paid.metadata["sale_id"] == sale_id, paid
    assert paid.charges.data[0].payment_method.actual_instance.last4 == "4242", paid
    refused(lambda: charges.orders_create_charge(order.id, charge_request("tok_another")), 428, "has_charge")
    found = orders.get_orders(search=sale_id, created_at_gte=int(time.time()) - 600, payment_status="paid")
    assert [row.id for row in found.data] == [order.id], found
    return order.id


def check_refund(orders, order_id):
    request = conekta.OrderRefundRequest(amount=500, reason="requested_by_client")
    order = orders.order_refund(order_id, request)
    assert order.payment_status == "partially_refunded" and order.amount_refunded == 500, order
    assert order.charges.data[0].refunds.data[0].amount == -500, order
    too_much = conekta.OrderRefundRequest(amount=1501, reason="requested_by_client")
    refused(lambda: orders.order_refund(order_id, too_much), 422, "refund.amount")
    rest = orders.order_refund(order_id, conekta.OrderRefundRequest(amount=1500, reason="requested_by_client"))
    assert rest.payment_status == "refunded" and rest.amount_refunded == 2000, rest
    assert rest.is_refundable is False, rest


def check_refusals(orders, charges, url, token):
    order = orders.create_order(order_request("refused"))
    refused(lambda: charges.orders_create_charge(order.id, charge_request(token)), 402, "tokenization.used")
    declined = charge_request("tok_test_insufficient_funds")
    refused(lambda: charges.orders_create_charge(order.id, declined), 402, "bank.insufficient_funds")
    assert orders.get_order_by_id(order.id).payment_status == "declined"
    charge = charges.orders_create_charge(order.id, charge_request("tok_test_visa_4242"))
    assert charge.status == "paid", charge
    refused(lambda: charges.orders_create_charge("ord_none", declined), 404, "resource_not_found")
    others, _ = client(url, "key_another_account")
    refused(lambda: others.get_order_by_id(order.id), 404, "resource_not_found")
    one_call = order_request("one call", charges=[charge_request("tok_test_card_declined")])
    error = refused(lambda: orders.create_order(one_call), 402, "bank.declined")
    assert '"data":' in error.body, error.body
    unpaid = orders.create_order(order_request("canceled"))
    assert orders.cancel_order(unpaid.id).payment_status == "canceled"
    refused(lambda: orders.cancel_order(unpaid.id), 428, "cannot_be_canceled")


def check_challenge(orders, charges, control_url):
    order = orders.create_order(order_request("challenged", three_ds_mode="smart"))
    charge = charges.orders_create_charge(order.id, charge_request(f"tok_3ds_{uuid.uuid4().hex}"))
    assert charge.status == "pending_payment", charge
    waiting = orders.get_order_by_id(order.id)
    assert waiting.payment_status == "pending_payment" and waiting.charges is None, waiting
    assert waiting.next_action.redirect_to_url.url.startswith("https://3ds-pay.conekta.com/"), waiting
    control(control_url, f"/gateway/conekta/{order.id}/complete_3ds", {})
    assert orders.get_order_by_id(order.id).payment_status == "paid"


def signed_by(pem, message):
    headers = {name.lower(): value for name, value in message.headers.items()}
    signature = base64.b64decode(headers["digest"], validate=True)
    try:
        load_pem_public_key(pem.encode()).verify(signature, message.body, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def check_webhooks(url, control_url, key):
    api = conekta.ApiClient(conekta.Configuration(host=url, access_token=key))
    keys, events = conekta.WebhookKeysApi(api), conekta.EventsApi(api)
    orders, charges = client(url, key)
    made = keys.create_webhook_key(webhook_key_request=conekta.WebhookKeyRequest(active=True))
    assert made.active and [row.id for row in keys.get_webhook_keys().data] == [made.id], made
    assert keys.get_webhook_key(made.id).public_key == made.public_key
    receiver = Receiver()
    control(control_url, "/webhooks", {"target": "conekta", "account": key, "url": receiver.url})
    order = orders.create_order(order_request("told"))
    charges.orders_create_charge(order.id, charge_request("tok_test_visa_4242"))
    message = receiver.next_where(lambda message: message.json["type"] == "order.paid")
    assert message.json["data"]["object"]["id"] == order.id, message.json
    assert signed_by(made.public_key, message)
    assert message.json["id"] in [event.id for event in events.get_events().data]
    send = {"target": "conekta", "id": order.id, "event": "order.paid"}
    control(control_url, "/webhooks/send", {**send, "signature": "bad"})
    forged = receiver.next_where(lambda message: message.json["type"] == "order.paid")
    assert forged.body == message.body and not signed_by(made.public_key, forged)
    newer = control(control_url, "/webhooks/keys", {"account": key})
    control(control_url, "/webhooks/send", send)
    rotated = receiver.next_where(lambda message: message.json["type"] == "order.paid")
    assert signed_by(newer["public_key"], rotated) and not signed_by(made.public_key, rotated)
    assert keys.get_webhook_key(made.id).active is False


def main():
    url, control_url = sys.argv[1:3]
    orders, charges = client(url, "key_outside_client")
    token = f"tok_{uuid.uuid4().hex}"
    order_id = check_two_steps(orders, charges, token)
    check_refund(orders, order_id)
    check_refusals(orders, charges, url, token)
    check_challenge(orders, charges, control_url)
    check_webhooks(url, control_url, "key_outside_webhooks")
    anonymous, _ = client(url, None)
    refused(lambda: anonymous.get_order_by_id(order_id), 401, "missing_key")
    print("OK conekta SDK against the simulated gateway")


if __name__ == "__main__":
    main()
