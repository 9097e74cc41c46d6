"""The Anthropic SDK for Python."""

import functools

import anthropic

from told import Told

REQUEST = {"max_tokens": 2000, "messages": [{"role": "user", "content": "What is a weir?"}]}
TOOLS = [{"name": "measure", "input_schema": {"type": "object", "properties": {}}}]
THINKING = {"type": "enabled", "budget_tokens": 1024}


@functools.cache
def client(base_url, key):
    return anthropic.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=60)


def messages(client, **more):
    answer = client.messages.create(**REQUEST, **more)
    assert answer.stop_reason == "end_turn"
    return Told(answer.usage.to_dict(), answer.content[0].text)


def messages_streamed(client, **more):
    with client.messages.stream(**REQUEST, **more) as stream:
        texts = list(stream.text_stream)
        answer = stream.get_final_message()
    assert "".join(texts) == answer.content[0].text
    return Told(answer.usage.to_dict(), answer.content[0].text, len(texts))


def messages_tools(client, **more):
    answer = client.messages.create(tools=TOOLS, **REQUEST, **more)
    assert answer.stop_reason == "tool_use"
    return Told(answer.usage.to_dict(), answer.content[-1].name)


def messages_streamed_tools(client, **more):
    with client.messages.stream(tools=TOOLS, **REQUEST, **more) as stream:
        answer = stream.get_final_message()
    return Told(answer.usage.to_dict(), answer.content[-1].name)


def messages_thinking(client, **more):
    answer = client.messages.create(thinking=THINKING, **REQUEST, **more)
    return thoughts_and_text(answer)


def messages_streamed_thinking(client, **more):
    with client.messages.stream(thinking=THINKING, **REQUEST, **more) as stream:
        return thoughts_and_text(stream.get_final_message())


def thoughts_and_text(answer):
    assert [block.type for block in answer.content] == ["thinking", "text"]
    return Told(answer.usage.to_dict(), answer.content[0].thinking)
