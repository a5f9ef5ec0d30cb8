#!/usr/bin/env python3
"""Plays what companies listen with: the endpoint of a webhook, and Telegram's Bot API.

    listener.py

Prints its address on one line, then serves until it is killed. Each message to an endpoint is verified with the reference
library of Standard Webhooks. What came is read at GET /control/messages and GET /control/chats; POST /control/secrets
`["whsec_…"]` says by which secrets messages are to be verified, and POST /control/answers `[{"status": 500}]` what the next
ones are answered: `status`, `retry_after` (Telegram), or `hang` for no answer at all; `"always": true` keeps an answer.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

HANG_S = 600


class Book:
    def __init__(self):
        self.lock = threading.Lock()
        self.messages, self.chats, self.secrets, self.answers = [], [], [], []

    def next_answer(self):
        with self.lock:
            if not self.answers:
                return {}
            return self.answers[0] if self.answers[0].get("always") else self.answers.pop(0)


def verified(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


class Handler(BaseHTTPRequestHandler):
    book = Book()

    def do_GET(self):
        with self.book.lock:
            found = {"/control/messages": self.book.messages, "/control/chats": self.book.chats}[self.path]
            text = json.dumps(found)
        self.answer(200, text)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/control/"):
            with self.book.lock:
                setattr(self.book, self.path.rsplit("/", 1)[1], json.loads(body))
            self.answer(200, "{}")
        elif self.path.startswith("/bot"):
            self.chat(body)
        else:
            self.message(body)

    def message(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.book.lock:
            by = [verified(secret, body, headers) for secret in self.book.secrets]
            message = {"id": headers["webhook-id"], "verified_by": by, "body": json.loads(body)}
            self.book.messages.append(message)
        answer = self.book.next_answer()
        self.hold(answer)
        self.answer(answer.get("status", 200), "")

    def chat(self, body):
        with self.book.lock:
            self.book.chats.append({"path": self.path, "at": time.time(), "body": json.loads(body)})
        answer = self.book.next_answer()
        self.hold(answer)
        status = answer.get("status", 200)
        text = {"ok": status == 200}
        if "retry_after" in answer:
            text["parameters"] = {"retry_after": answer["retry_after"]}
        self.answer(status, json.dumps(text))

    def hold(self, answer):
        if answer.get("hang"):
            time.sleep(HANG_S)

    def answer(self, status, text):
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
