//! What a container is: an engine, a LiteLLM proxy, or something else.
