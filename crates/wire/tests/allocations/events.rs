//! Events of content in every dialect.

use weir_wire::Endpoint;

/// A content event of one dialect, as its server writes it again and again.
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) endpoint: Endpoint,
    /// With `TEXT` and `NUMBER` in the places of what each event has anew.
    written: &'static str,
}

/// What tokens are made of: words, line ends and quotes, which are escaped, and what is no ASCII.
const TEXTS: [&str; 16] = [
    " the",
    " package",
    " that",
    ",",
    " is",
    " installed",
    ".",
    "\\n\\n",
    "It",
    " prints",
    " \\\"",
    "Gr",
    "üße",
    "\\\"",
    " everywhere",
    " 3",
];

impl Event {
    /// The events of a stream, one after another.
    pub(crate) fn stream(&self) -> Vec<Vec<u8>> {
        let number = |index: usize| (1_000 + index).to_string();
        let texts = TEXTS.iter().enumerate();
        let filled = |(index, text): (usize, &&str)| {
            self.written.replace("TEXT", text).replace("NUMBER", &number(index)).into_bytes()
        };
        texts.map(filled).collect()
    }
}

/// One for each dialect that has events, as vLLM (0.32.0 where recorded) sends it.
pub(crate) fn events() -> [Event; 7] {
    let event = |name, endpoint, written| Event { name, endpoint, written };
    [
        event(
            "chat_completions",
            Endpoint::ChatCompletions,
            "data: {\"id\":\"chatcmpl-93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"TEXT\"},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]}\n\n",
        ),
        event(
            "completions",
            Endpoint::Completions,
            "data: {\"id\":\"cmpl-8dc928ec5424b1bf\",\"object\":\"text_completion\",\"created\":1795294804,\"model\":\"tiny\",\"choices\":[{\"index\":0,\"text\":\"TEXT\",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null,\"prompt_token_ids\":null,\"token_ids\":null}]}\n\n",
        ),
        event(
            "responses",
            Endpoint::Responses,
            "event: response.output_text.delta\ndata: {\"content_index\":0,\"delta\":\"TEXT\",\"item_id\":\"msg_8ecdb1699a311ff5\",\"logprobs\":[],\"output_index\":0,\"sequence_number\":NUMBER,\"type\":\"response.output_text.delta\"}\n\n",
        ),
        event(
            "messages",
            Endpoint::Messages,
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"TEXT\"},\"index\":0}\n\n",
        ),
        event(
            "transcriptions",
            Endpoint::Transcriptions,
            "data: {\"id\":\"transcribe-93b8d6973f5a3319\",\"object\":\"transcription.chunk\",\"created\":1795294758,\"model\":\"tiny\",\"choices\":[{\"delta\":{\"content\":\"TEXT\"}}]}\n\n",
        ),
        event(
            "speech",
            Endpoint::Speech,
            "event: speech.audio.delta\ndata: {\"type\":\"speech.audio.delta\",\"audio\":\"UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=\",\"response_format\":\"pcm\"}\n\n",
        ),
        event(
            "other",
            Endpoint::Other,
            "data: {\"request_id\":\"93b8d6973f5a3319\",\"usage\":null,\"output_mode\":\"tokens\",\"choices\":[{\"index\":0,\"finish_reason\":null,\"token_ids\":[NUMBER]}]}\n\n",
        ),
    ]
}
