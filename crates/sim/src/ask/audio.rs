//! What a request for speech or for its text is about.

use serde_json::Value;

use super::form::Form;

/// The sound that is heard or made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audio {
    /// Bytes of the file to transcribe.
    pub(crate) file: u64,
    /// How the text is wanted.
    pub(crate) format: Format,
    /// The content type of the speech.
    pub(crate) content_type: &'static str,
}

/// The forms of a transcription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Json,
    Text,
    /// `verbose_json`: with the duration at the top.
    Verbose,
    /// `srt` and `vtt`, which vLLM refuses.
    Subtitles,
}

impl Audio {
    pub(super) fn heard(form: &Form) -> Self {
        let format = match form.get("response_format") {
            Some("text") => Format::Text,
            Some("verbose_json") => Format::Verbose,
            Some("srt" | "vtt") => Format::Subtitles,
            _ => Format::Json,
        };
        Self { file: form.file.unwrap_or(0), format, ..Self::default() }
    }

    pub(super) fn made(json: &Value) -> Self {
        let content_type = match json["response_format"].as_str() {
            Some("wav") => "audio/wav",
            Some("pcm") => "audio/pcm",
            Some("opus") => "audio/opus",
            Some("aac") => "audio/aac",
            Some("flac") => "audio/flac",
            _ => "audio/mpeg",
        };
        Self { content_type, ..Self::default() }
    }
}

/// Models that are OpenAI's own by name answer audio requests as OpenAI does, whatever the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenAiModel {
    /// `gpt-4o-transcribe`, `gpt-4o-mini-tts` and so on: usage is in tokens.
    Gpt4o,
    /// `whisper-1`: usage is in seconds, and nothing is streamed.
    Whisper1,
}

impl OpenAiModel {
    pub(crate) fn of_name(model: &str) -> Option<Self> {
        match model {
            "whisper-1" => Some(Self::Whisper1),
            _ if model.contains("gpt-4o") => Some(Self::Gpt4o),
            _ => None,
        }
    }
}
