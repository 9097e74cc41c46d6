//! LiteLLM proxies: whether they are up, and which names they give to which engines.
