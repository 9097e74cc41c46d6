"""The OpenAI SDK for Python: everything that answers with text, tools or vectors."""

import functools

import openai

from told import Told

MESSAGES = [{"role": "user", "content": "What is a weir?"}]
PROMPT = "A weir is"
NO_PARAMETERS = {"type": "object", "properties": {}}
CHAT_TOOLS = [{"type": "function", "function": {"name": "measure", "parameters": NO_PARAMETERS}}]
TOOLS = [{"type": "function", "name": "measure", "parameters": NO_PARAMETERS, "strict": False}]
ASK = {"stream_options": {"include_usage": True}}


@functools.cache
def client(base_url, key):
    return openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, timeout=60)


def chat(client, **more):
    answer = client.chat.completions.create(messages=MESSAGES, **more)
    [choice] = answer.choices
    assert choice.finish_reason == "stop"
    return Told(answer.usage.to_dict(), choice.message.content)


def chat_tools(client, **more):
    answer = client.chat.completions.create(messages=MESSAGES, tools=CHAT_TOOLS, **more)
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls
    return Told(answer.usage.to_dict(), call.function.name)


def chat_streamed(client, **more):
    """Without a word about usage: Weir asks for it, and keeps it from the client."""
    chunks = list(client.chat.completions.create(messages=MESSAGES, stream=True, **more))
    assert chunks[-1].choices[0].finish_reason == "stop"
    return pieces_of_chat(chunks)


def chat_streamed_usage(client, **more):
    *chunks, last = client.chat.completions.create(messages=MESSAGES, stream=True, **ASK, **more)
    told = pieces_of_chat(chunks)
    return Told(last.usage.to_dict(), told.said, told.pieces)


def chat_streamed_tools(client, **more):
    """The helper that puts the chunks together again."""
    with client.chat.completions.stream(messages=MESSAGES, tools=CHAT_TOOLS, **ASK, **more) as stream:
        answer = stream.get_final_completion()
    [call] = answer.choices[0].message.tool_calls
    return Told(answer.usage.to_dict(), call.function.name)


def pieces_of_chat(chunks):
    assert not [chunk for chunk in chunks if chunk.usage]
    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    return Told({}, "".join(texts), len(texts))


def completions(client, **more):
    answer = client.completions.create(prompt=PROMPT, **more)
    return Told(answer.usage.to_dict(), answer.choices[0].text)


def completions_streamed(client, **more):
    return pieces_of_completion(list(client.completions.create(prompt=PROMPT, stream=True, **more)))


def completions_streamed_usage(client, **more):
    *chunks, last = client.completions.create(prompt=PROMPT, stream=True, **ASK, **more)
    told = pieces_of_completion(chunks)
    return Told(last.usage.to_dict(), told.said, told.pieces)


def pieces_of_completion(chunks):
    assert not [chunk for chunk in chunks if chunk.usage]
    texts = [choice.text for chunk in chunks for choice in chunk.choices if choice.text]
    return Told({}, "".join(texts), len(texts))


def responses(client, **more):
    answer = client.responses.create(input=PROMPT, **more)
    return Told(answer.usage.to_dict(), answer.output_text)


def responses_tools(client, **more):
    answer = client.responses.create(input=PROMPT, tools=TOOLS, **more)
    [call] = answer.output
    return Told(answer.usage.to_dict(), call.name)


def responses_streamed(client, **more):
    events = list(client.responses.create(input=PROMPT, stream=True, **more))
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    return Told(events[-1].response.usage.to_dict(), "".join(texts), len(texts))


def responses_streamed_tools(client, **more):
    with client.responses.stream(input=PROMPT, tools=TOOLS, **more) as stream:
        answer = stream.get_final_response()
    [call] = answer.output
    return Told(answer.usage.to_dict(), call.name)


def embeddings(client, **more):
    """The SDK asks for base64 and decodes it."""
    answer = client.embeddings.create(input=["a weir", "a wall"], **more)
    assert all(item.embedding for item in answer.data)
    return Told(answer.usage.to_dict(), len(answer.data))


def models(client, model, **more):
    return Told(said=[known.id for known in client.models.list(**more)])
