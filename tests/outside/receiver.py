"""Receives webhooks, and talks to the simulator's control API."""

import json
import queue
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_S = 10


class Message:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Receiver:
    """Listens on a free port and answers everything with 200."""

    def __init__(self):
        self.messages = queue.Queue()
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.put(Message(self.path, dict(self.headers.items()), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"

    def next(self):
        return self.messages.get(timeout=WAIT_S)

    def next_where(self, fits):
        while True:
            message = self.next()
            if fits(message):
                return message


def control(url, path, body):
    request = urllib.request.Request(f"{url}{path}", data=json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return json.load(answer)


def state(url):
    with urllib.request.urlopen(f"{url}/state", timeout=WAIT_S) as answer:
        return json.load(answer)
