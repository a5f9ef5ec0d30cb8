#!/usr/bin/env python3
"""Checks a simulated router with a RouterOS client that others wrote.

    routeros_client.py [--challenge] [--hidden] HOST PORT USER PASSWORD CONTROL_URL [ROUTER]

ROUTER is the router's name in the control API; without it, the first. With --challenge the client logs in the way that
routers before 6.43 want it. With --hidden the router must show passwords as stars. Adds a hotspot user, finds it, logs a device in as it, and removes it again; each time it asks the router what it
shows. Prints one line and ends with 0, or ends with an error.
"""

import json
import sys
import urllib.request
import uuid

import routeros_api
from routeros_api.exceptions import RouterOsApiCommunicationError


def control(control_url, path, router, body):
    if router:
        body["router"] = router
    request = urllib.request.Request(f"{control_url}{path}", data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200, answer.status


def see_device(control_url, mac, ip, router):
    control(control_url, "/hosts", router, {"mac": mac, "ip": ip})


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


def check_users(users, name, hidden):
    assert users.get(name=name) == []
    users.add(name=name, password="clave", profile="1h", limit_uptime="7200s", comment="outside")
    (row,) = users.get(name=name)
    assert row["password"] == ("*****" if hidden else "clave") and row["profile"] == "1h", row
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


def check_clone(api, control_url, router, name):
    """A user that works on one device only, and a copy of it for another one."""
    users, active = api.get_resource("/ip/hotspot/user"), api.get_resource("/ip/hotspot/active")
    devices = [("02:00:5E:20:00:01", "10.5.51.1"), ("02:00:5E:20:00:02", "10.5.51.2")]
    users.add(name=name, password="clave", mac_address=devices[0][0], comment="MODE=1 TL=1 TA=0", limit_bytes_total="1000")
    (base,) = users.get(name=name)
    users.add(copy_from=base["id"], name=f"{name}_RANDMAC1", mac_address=devices[1][0], limit_bytes_total="400")
    (clone,) = users.get(name=f"{name}_RANDMAC1")
    assert clone["mac-address"] == devices[1][0] and clone["comment"] == base["comment"], clone
    assert clone["limit-bytes-total"] == "400" and clone["password"] == base["password"], clone
    for mac, ip in devices:
        see_device(control_url, mac, ip, router)

    def login(user, device):
        arguments = {"user": user, "password": "clave", "ip": device[1], "mac-address": device[0]}
        arguments = {key: value.encode() for key, value in arguments.items()}
        api.get_binary_resource("/ip/hotspot/active").call("login", arguments=arguments)

    refused(lambda: login(name, devices[1]), "not allowed to log in from this mac address")
    login(clone["name"], devices[1])
    control(control_url, "/traffic", router, {"mac": devices[1][0], "bytes_in": 100, "bytes_out": 299})
    (session,) = active.get(user=clone["name"])
    assert session["bytes-in"] == "100" and session["bytes-out"] == "299", session
    control(control_url, "/traffic", router, {"mac": devices[1][0], "bytes_in": 1})
    assert active.get(user=clone["name"]) == [], "more than it may"
    refused(lambda: login(clone["name"], devices[1]), "reached traffic limit")
    (clone,) = users.get(name=clone["name"])
    assert clone["bytes-in"] == "101" and clone["bytes-out"] == "299", clone
    users.set(id=base["id"], disabled="yes")
    refused(lambda: login(name, devices[0]), "invalid username or password")
    for row in (base, clone):
        users.remove(id=row["id"])


def main():
    flags = {argument for argument in sys.argv[1:] if argument.startswith("--")}
    arguments = [argument for argument in sys.argv[1:] if argument not in flags]
    plain, hidden = "--challenge" not in flags, "--hidden" in flags
    host, port, user, password, control_url = arguments[:5]
    router = arguments[5] if len(arguments) > 5 else None
    address = {"host": host, "port": int(port)}
    check_wrong_password(address, user, plain)
    pool = routeros_api.RouterOsApiPool(**address, username=user, password=password, plaintext_login=plain)
    api = pool.get_api()
    version = api.get_resource("/system/resource").get()[0]["version"]
    users = api.get_resource("/ip/hotspot/user")
    name = f"outside-{uuid.uuid4().hex[:8]}"
    user_id = check_users(users, name, hidden)
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
    check_clone(api, control_url, router, f"{name}b")
    pool.disconnect()
    print(f"OK RouterOS-api against RouterOS {version}")


if __name__ == "__main__":
    main()
