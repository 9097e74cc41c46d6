"""When a pod is to end, no answer is cut: what runs before vLLM is told to end, by real processes and a stream that is under way."""

import json
import os
import signal
import threading
import time
import urllib.request

import pytest

from kubernetes_pod import Rendered, running
from waiting import until


class Stream(threading.Thread):
    """A streamed answer that is read to its end."""

    def __init__(self, url, plan):
        super().__init__()
        self._request = urllib.request.Request(
            url + "/v1/chat/completions",
            json.dumps({"model": "llama", "stream": True, "messages": []}).encode(),
            {"content-type": "application/json", "x-sim": plan},
        )
        self.text = ""
        self.start()

    def run(self):
        with urllib.request.urlopen(self._request, timeout=60) as answer:
            for line in answer:
                self.text += line.decode()


@pytest.fixture
def started(request, tmp_path):
    """A pod of this folder, renamed as a model is, and ready."""
    rendered = Rendered(request.param)
    [pod] = [rendered.pod("vllm-llama" if "models" in request.param else "vllm")]
    pod.metadata["annotations"].setdefault("llm.model", "llama")
    with running(rendered, pod, tmp_path) as it:
        it.status = f"http://127.0.0.1:{rendered.here(9900)}/status"
        it.llm = f"http://127.0.0.1:{rendered.here(9801)}"
        proxy = it.programs["weir-proxy"]
        proxy.wait_until("the proxy serves the engine", lambda: answers(it.llm + "/v1/models"), 20)
        # Before that, signals end it as they end any process.
        proxy.wait_until("signals count", lambda: "Serving" in proxy.log.read_text(), 20)
        yield it


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).read()
    except OSError:
        return None


def in_flight(pod):
    return json.loads(answers(pod.status))["requests_in_flight"]


@pytest.mark.parametrize("started", ["kubernetes/models/llama"], indirect=True)
def test_a_sidecars_engine_waits_for_the_last_answer(started):
    stream = Stream(started.llm, "tokens=60,gap=50ms")
    until("the stream has begun", lambda: stream.text, 10)
    hook = started.prestop("vllm", unlisted=0)
    assert in_flight(started) == 1 and hook.poll() is None
    assert hook.wait(30) == 0
    stream.join(1)
    assert stream.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("started", ["kubernetes/models/llama"], indirect=True)
def test_it_does_not_wait_for_ever(started):
    stream = Stream(started.llm, "tokens=400,gap=20ms")
    until("the stream has begun", lambda: stream.text, 10)
    assert started.prestop("vllm", unlisted=0, last=1).wait(5) == 0
    assert in_flight(started) == 1
    started.programs["vllm"].stop()
    stream.join(20)


@pytest.mark.parametrize("started", ["kubernetes/models/llama"], indirect=True)
def test_without_a_proxy_it_waits_for_nothing(started):
    started.programs["weir-proxy"].stop()
    assert started.prestop("vllm", unlisted=0).wait(10) == 0


@pytest.mark.parametrize("started", ["kubernetes/models/llama"], indirect=True)
def test_a_proxy_that_does_not_say_is_waited_for(started):
    begin = time.monotonic()
    hook = started.prestop("vllm", unlisted=0, last=1, status=started.status.replace("/status", "/nowhere"))
    assert hook.wait(10) == 0
    assert time.monotonic() - begin > 1


@pytest.mark.parametrize("started", ["kubernetes/sidecar-plain"], indirect=True)
def test_a_plain_proxy_drains_before_the_engine_ends(started):
    stream = Stream(started.llm, "tokens=60,gap=50ms")
    until("the stream has begun", lambda: stream.text, 10)
    hook = started.prestop("vllm")
    # What the kubelet does once the proxy's own hook, a sleep, is over.
    proxy = started.programs["weir-proxy"]
    os.kill(proxy.pid, signal.SIGTERM)
    until("it takes nothing new", lambda: answers(started.llm + "/v1/models") is None, 5)
    assert hook.poll() is None, "vLLM would end while its last answer is under way"
    assert hook.wait(30) == 0
    stream.join(1)
    assert stream.text.endswith("data: [DONE]\n\n"), proxy.log_tail()
    assert answers(started.status) is None
    assert proxy.stop() == 0, proxy.log_tail()
