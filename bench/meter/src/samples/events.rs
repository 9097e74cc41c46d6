//! Events of streams.

use weir_wire::Endpoint;

/// The first event of a chat completion: it brings no content yet.
pub(crate) const ROLE: &[u8] = b"data: {\"id\":\"chatcmpl-93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}],\"prompt_token_ids\":null,\"prompt_text\":null}\n\n";

/// The one that ends the text.
pub(crate) const FINISH: &[u8] = b"data: {\"id\":\"chatcmpl-93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" interface\"},\"logprobs\":null,\"finish_reason\":\"length\",\"stop_reason\":null,\"token_ids\":null}]}\n\n";

/// The one that is sent where usage is asked for.
pub(crate) const USAGE: &[u8] = b"data: {\"id\":\"chatcmpl-93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[],\"usage\":{\"prompt_tokens\":18,\"total_tokens\":30,\"completion_tokens\":12},\"system_fingerprint\":\"vllm-0.32.0-f2f3be36\"}\n\n";

/// The last of all.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// One event of content in each dialect that has events.
pub(crate) fn contents() -> [(&'static str, Endpoint, &'static [u8]); 7] {
    [
        (
            "chat_completions",
            Endpoint::ChatCompletions,
            b"data: {\"id\":\"chatcmpl-93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ackage\"},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}\n\n",
        ),
        (
            "completions",
            Endpoint::Completions,
            b"data: {\"id\":\"cmpl-8dc928ec5424b1bf\",\"object\":\"text_completion\",\"created\":1795294804,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"text\":\"ackage\",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null,\"prompt_token_ids\":null,\"token_ids\":null}]}\n\n",
        ),
        (
            "responses",
            Endpoint::Responses,
            b"event: response.output_text.delta\ndata: {\"content_index\":0,\"delta\":\"ie\",\"item_id\":\"msg_8ecdb1699a311ff5\",\"logprobs\":[],\"output_index\":0,\"sequence_number\":4,\"type\":\"response.output_text.delta\"}\n\n",
        ),
        (
            "messages",
            Endpoint::Messages,
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\" applicable\"},\"index\":0}\n\n",
        ),
        (
            "transcriptions",
            Endpoint::Transcriptions,
            b"data: {\"id\":\"transcribe-93b8d6973f5a3319\",\"object\":\"transcription.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"delta\":{\"content\":\" ackage\"}}]}\n\n",
        ),
        (
            "speech",
            Endpoint::Speech,
            b"event: speech.audio.delta\ndata: {\"type\":\"speech.audio.delta\",\"audio\":\"UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=\",\"response_format\":\"pcm\"}\n\n",
        ),
        (
            "other",
            Endpoint::Other,
            b"data: {\"request_id\":\"93b8d6973f5a3319\",\"usage\":null,\"output_mode\":\"tokens\",\"choices\":[{\"index\":0,\"finish_reason\":null,\"token_ids\":[5]}]}\n\n",
        ),
    ]
}
