"""What clients do to the simulated stack, over and over: most of it goes well, and every outcome comes up that can."""

import contextlib
import http.client
import itertools
import json
import threading
import time
import urllib.parse

from simulated_gateway import PLANNED

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
# So long a worker waits between two requests. There are few of them: it is a light load.
PAUSE = 0.12
WORKERS = 3

# How failing models are asked for; the others answer.
FAILING = [name for name, plan in PLANNED.items() if "fault=" in plan]


class Client:
    """One that asks both listeners."""

    def __init__(self, edge, engine, draft, keys):
        self.edge, self.engine, self.draft = edge, engine, draft
        self.keys = keys

    def post(self, base, path, body, key="team-a", headers=(), leave_after=None, deadline=20):
        """Posts JSON, and reads the answer: all of it, or so many bytes. The status; `None` if it broke off."""
        url = urllib.parse.urlsplit(base)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=deadline)
        sent = {"content-type": "application/json", **dict(headers)}
        if key:
            sent["authorization"] = f"Bearer {self.keys.get(key, key)}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with contextlib.closing(connection), contextlib.suppress(http.client.HTTPException, OSError):
            connection.request("POST", url.path + path, data, sent)
            if leave_after == 0:
                time.sleep(0.05)
                return None
            answer = connection.getresponse()
            answer.read(leave_after) if leave_after else answer.read()
            return answer.status

    def get(self, base, path):
        url = urllib.parse.urlsplit(base)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(http.client.HTTPException, OSError):
            connection.request("GET", url.path + path, headers={"authorization": f"Bearer {self.keys['team-a']}"})
            return connection.getresponse().read()

    def chat(self, model, stream=True, base=None, **more):
        body = {"model": model, "messages": MESSAGES, "stream": stream, "max_tokens": 64} | more.pop("body", {})
        return self.post(base or self.edge, "/v1/chat/completions", body, **more)

    def kinds(self):
        """Requests by kind, each a function; those that are said more often come up more often."""
        direct = f"{self.engine}/llama"
        form, content = _sound()
        usual = [
            lambda: self.chat("llama"),
            lambda: self.chat("qwen"),
            lambda: self.chat("llama", stream=False),
            lambda: self.chat("old"),
            lambda: self.chat("remembering"),
        ]
        seldom = [
            lambda: self.chat("thinking"),
            lambda: self.chat("slow"),
            lambda: self.chat("priced", stream=False),
            lambda: self.chat("falling", stream=False),
            lambda: self.chat("lost", stream=False),
            lambda: self.chat("retried", stream=False),
            lambda: self.chat("old-remembering"),
            lambda: self.chat("draft", base=self.draft),
            lambda: self.post(self.edge, "/v1/completions", {"model": "llama", "prompt": "A weir is", "stream": True}),
            lambda: self.post(self.edge, "/v1/embeddings", {"model": "embed", "input": "weir"}),
            lambda: self.post(self.edge, "/v1/audio/transcriptions", form, headers={"content-type": content}.items()),
            # Gives no usage, and says so.
            lambda: self.chat("llama", base=direct, body={"stream_options": {"include_usage": False}}),
            lambda: self.chat("llama", key="team-b"),
            # Clients that leave.
            lambda: self.chat("slow", leave_after=0),
            lambda: self.chat("endless", leave_after=600),
            # What is refused, by whom.
            lambda: self.chat("nobody-has-this", base=direct),
            lambda: self.chat("gone", base=f"{self.engine}/gone"),
            lambda: self.chat("llama", key="sk-unknown"),
            lambda: self.chat("llama", key=None),
            lambda: self.post(self.edge, "/v1/chat/completions", b"{", headers=[("content-type", "application/json")]),
            lambda: self.chat("nobody-has-this"),
            lambda: self.get(self.edge, "/v1/models"),
            lambda: self.chat("llama", base=direct, headers=[("x-sim", "fault=nonsense")]),
            lambda: self.chat("llama", base=direct, headers=[("x-sim", "fault=reset_before_head")]),
            *(lambda model=model: self.chat(model) for model in FAILING),
        ]
        # Two of the usual ones to each of the others.
        usual = itertools.cycle(usual)
        for one in seldom:
            yield from (next(usual), next(usual), one)


def _sound():
    """A form with a file of sound, and its type."""
    lines = [
        b"--weir", b'content-disposition: form-data; name="model"', b"", b"whisper-1",
        b"--weir", b'content-disposition: form-data; name="file"; filename="a.wav"', b"content-type: audio/wav", b"",
        b"RIFF", b"--weir--", b"",
    ]
    return b"\r\n".join(lines), "multipart/form-data; boundary=weir"


@contextlib.contextmanager
def flowing(client):
    """Traffic, for as long as the block takes. Yields a function that tells how often each kind has ended."""
    kinds = list(client.kinds())
    order, lock, is_over = itertools.cycle(kinds), threading.Lock(), threading.Event()
    ended = []

    def work():
        while not is_over.wait(PAUSE):
            with lock:
                ask = next(order)
            ask()
            ended.append(ask)

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        # Workers may be in the middle of as many requests.
        yield lambda: max(0, len(ended) - WORKERS) // len(kinds)
    finally:
        is_over.set()
        for worker in workers:
            worker.join()
