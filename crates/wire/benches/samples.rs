//! What the benchmarks give to the meter.

use weir_wire::Endpoint;

/// One event of content in each dialect that has events, as vLLM (0.32.0 where recorded) sends it.
pub(crate) fn events() -> [(&'static str, Endpoint, &'static [u8]); 7] {
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

/// Keys in the order of the OpenAI SDK: the prompt comes first.
pub(crate) fn request(size: usize) -> Vec<u8> {
    let prompt = "The quick brown fox \\\"jumps\\\" over the lazy dog.\\n".repeat(size / 50);
    format!(
        "{{\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}],\"model\":\"tiny\",\"stream\":true}}"
    )
    .into_bytes()
}
