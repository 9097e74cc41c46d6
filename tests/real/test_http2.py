"""HTTP/2 and TLS as real clients speak them: the SDKs over httpx, curl, and Node's own module."""

import json
import subprocess

import anthropic
import openai
import pytest

import locked
import node_client
from stack import TOKENS

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
BODY = json.dumps({"model": locked.MODEL, "messages": MESSAGES, "stream": True})
SUCCESS = {"success": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with locked.running(tmp_path_factory.mktemp("locked")) as place:
        yield place


@pytest.mark.parametrize("http2", [True, False])
def test_the_openai_sdk_over_tls(place, http2):
    with place.http(http2) as http, place.weir.counting(edge=1) as counted:
        client = openai.OpenAI(
            base_url=f"{place.weir.edge}/v1", api_key=locked.KEYS["team-a"], http_client=http, max_retries=0
        )
        answer = client.chat.completions.with_raw_response.create(
            model=locked.MODEL, messages=MESSAGES, stream=True
        )
        assert answer.http_response.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        chunks = list(answer.parse())
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert all(chunk.usage is None for chunk in chunks)
    assert counted.outcomes("edge") == SUCCESS
    assert counted.tokens("edge")[1] == TOKENS


def test_the_anthropic_sdk_over_http2(place):
    with place.http() as http, place.weir.counting(edge=1) as counted:
        client = anthropic.Anthropic(
            base_url=place.weir.edge, api_key=locked.KEYS["team-a"], http_client=http, max_retries=0
        )
        with client.messages.stream(model=locked.MODEL, max_tokens=64, messages=MESSAGES) as stream:
            said = "".join(stream.text_stream)
            assert stream.get_final_message().usage.output_tokens == TOKENS
        assert said
    assert counted.outcomes("edge") == SUCCESS
    assert counted.tokens("edge")[1] == TOKENS


def test_many_streams_share_a_connection(place):
    with place.http() as http, place.weir.counting(edge=20) as counted:
        client = openai.OpenAI(
            base_url=f"{place.weir.edge}/v1", api_key=locked.KEYS["team-a"], http_client=http, max_retries=0
        )
        ask = lambda: client.chat.completions.create(model=locked.MODEL, messages=MESSAGES, stream=True)
        streams = [iter(ask()) for _ in range(20)]
        ended = 0
        while streams:
            alive = [stream for stream in streams if next(stream, None) is not None]
            ended += len(streams) - len(alive)
            streams = alive
        assert place.weir.scrape().total("weir_client_connections", listener="edge") == 1
    assert ended == 20
    assert counted.outcomes("edge") == {"success": 20}


def curl(place, url, *arguments):
    head = ["-H", "content-type: application/json", "-H", f"authorization: Bearer {locked.KEYS['team-a']}"]
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*", *arguments, *head]
    command += ["--cacert", place.trusted, "--data", BODY, "--write-out", "\n%{http_version}", url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    body, _, version = answer.rpartition("\n")
    assert body.endswith("data: [DONE]\n\n"), body
    return version


def test_curl(place):
    path = "/v1/chat/completions"
    with place.weir.counting(edge=2, engine=3) as counted:
        assert curl(place, place.weir.edge + path) == "2"
        assert curl(place, place.weir.edge + path, "--http1.1") == "1.1"
        assert curl(place, place.weir.engine + path, "--http2-prior-knowledge") == "2"
        # An upgrade that nobody takes up.
        assert curl(place, place.weir.engine + path, "--http2") == "1.1"
        assert curl(place, place.weir.engine + path) == "1.1"
    assert counted.outcomes("edge") == {"success": 2}
    assert counted.outcomes("engine") == {"success": 3}


NODE = """
import http2 from 'node:http2';
const [url, body] = process.argv.slice(1);
const session = http2.connect(url);
const request = session.request({':method': 'POST', ':path': '/v1/chat/completions', 'content-type': 'application/json'});
let text = '';
request.setEncoding('utf8');
request.on('response', (head) => console.log(head[':status']));
request.on('data', (piece) => { text += piece; });
request.on('end', () => { console.log(text.endsWith('data: [DONE]\\n\\n')); session.close(); });
request.write(body.slice(0, 10));
request.end(body.slice(10));
"""


def test_node_in_clear_text(place):
    with place.weir.counting(engine=1) as counted:
        command = [node_client.NODE, "--input-type=module", "--eval", NODE, "--", place.weir.engine, BODY]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.split() == ["200", "true"]
    assert counted.outcomes("engine") == SUCCESS
    assert counted.tokens("engine")[1] == TOKENS
