"""Any call of any SDK, by its name."""

import anthropic
import openai

import gateway as litellm
import node_client
import python_messages
import python_sound
import python_texts

ANTHROPIC = vars(python_messages)
OPENAI = vars(python_texts) | vars(python_sound)


def call(sdk, name, base_url, model, plan=""):
    """Makes a call and returns what the client was told. `plan` says how the simulated engine is to answer."""
    headers = {"x-sim": plan} if plan else {}
    if sdk == "node":
        return node_client.call(base_url, litellm.KEY, name, model, headers)
    if sdk == "anthropic":
        client = python_messages.client(base_url, litellm.KEY)
        return ANTHROPIC[name](client, model=model, extra_headers=headers)
    client = python_texts.client(base_url, litellm.KEY)
    return OPENAI[name](client, model=model, extra_headers=headers)


def failure(sdk, name, base_url, model, plan=""):
    """Makes a call that fails: the name of the SDK's error, and its status."""
    try:
        told = call(sdk, name, base_url, model, plan)
    except node_client.Failed as error:
        return error.name, error.status
    except (openai.OpenAIError, anthropic.AnthropicError) as error:
        return type(error).__name__, getattr(error, "status_code", None)
    raise AssertionError(f"{sdk} {name} did not fail: {told}")
