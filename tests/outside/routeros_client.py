#!/usr/bin/env python3
"""Checks a simulated router with a RouterOS client that others wrote.

    routeros_client.py [--challenge] HOST PORT USER PASSWORD CONTROL_URL [ROUTER]

ROUTER is the router's name in the control API; without it, the first. With --challenge the client logs in the way that
routers before 6.43 want it. Adds a hotspot user, finds it, logs a device in as it, and removes it again; each time it asks the router what it
shows. Prints one line and ends with 0, or ends with an error.
"""

import json
import sys
import urllib.request
import uuid

import routeros_api
from routeros_api.exceptions import RouterOsApiCommunicationError


def see_device(control_url, mac, ip, router):
    body = {"mac": mac, "ip": ip}
    if router:
        body["router"] = router
    request = urllib.request.Request(f"{control_url}/hosts", data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200, answer.status


def refused(action, text):
    try:
        action()
    except RouterOsApiCommunicationError as error:
        message = error.original_message
        message = message.decode() if isinstance(message, bytes) else message
        assert text in message.lower(), message
        return
    raise AssertionError(f"expected a refusal with {text!r}")


def check_wrong_password(address, user, plain):
    pool = routeros_api.RouterOsApiPool(**address, username=user, password="not it", plaintext_login=plain)
    refused(pool.get_api, "invalid user name or password" if plain else "cannot log in")
    pool.disconnect()


def check_users(users, name):
    assert users.get(name=name) == []
    users.add(name=name, password="clave", profile="1h", limit_uptime="7200s", comment="outside")
    (row,) = users.get(name=name)
    assert row["password"] == "clave" and row["profile"] == "1h", row
    assert row["limit-uptime"] == "2h" and row["disabled"] == "false", row
    assert "limit-bytes-total" not in row, row
    refused(lambda: users.add(name=name), "already have user with this name for this server")
    refused(lambda: users.add(name=name + "x", profile="no-such"), "input does not match any value of profile")
    refused(lambda: users.set(id="*FFFF", comment="x"), "no such item")
    users.set(id=row["id"], comment="changed")
    assert users.get(id=row["id"])[0]["comment"] == "changed"
    return row["id"]


def check_login(api, control_url, router, name):
    active = api.get_resource("/ip/hotspot/active")
    mac, ip = "02:00:5E:10:00:01", "10.5.50.77"
    login = {"user": name, "password": "clave", "ip": ip, "mac-address": mac}
    arguments = {key: value.encode() for key, value in login.items()}
    refused(lambda: active.call("login", arguments=login), "unknown host ip")
    see_device(control_url, mac, ip, router)
    refused(lambda: active.call("login", arguments={**login, "password": "no"}), "invalid username or password")
    api.get_binary_resource("/ip/hotspot/active").call("login", arguments=arguments)
    (session,) = active.get(user=name)
    assert session["mac-address"] == mac and session["session-time-left"] == "1h", session
    return active, session["id"]


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--challenge"]
    plain = len(arguments) == len(sys.argv) - 1
    host, port, user, password, control_url = arguments[:5]
    router = arguments[5] if len(arguments) > 5 else None
    address = {"host": host, "port": int(port)}
    check_wrong_password(address, user, plain)
    pool = routeros_api.RouterOsApiPool(**address, username=user, password=password, plaintext_login=plain)
    api = pool.get_api()
    version = api.get_resource("/system/resource").get()[0]["version"]
    users = api.get_resource("/ip/hotspot/user")
    name = f"outside-{uuid.uuid4().hex[:8]}"
    user_id = check_users(users, name)
    active, session_id = check_login(api, control_url, router, name)
    users.remove(id=user_id)
    assert users.get(name=name) == []
    assert len(active.get(user=name)) == 1, "removing the user must not end its session"
    active.remove(id=session_id)
    assert active.get(user=name) == []
    cookies = api.get_resource("/ip/hotspot/cookie")
    left = cookies.get(user=name)
    assert len(left) == 1, "nor remove its cookie"
    cookies.remove(id=left[0]["id"])
    pool.disconnect()
    print(f"OK RouterOS-api against RouterOS {version}")


if __name__ == "__main__":
    main()
