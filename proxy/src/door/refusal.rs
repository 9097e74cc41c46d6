//! Answers to what never became a request: to a crowd, to a head that does not end.

/// An answer of Weir's own, ready to be written.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    status: &'static str,
    /// For programs.
    reason: &'static str,
    /// For people.
    message: &'static str,
}

impl Refusal {
    pub(super) const CROWDED: Self = Self {
        status: "503 Service Unavailable",
        reason: "too_many_connections",
        message: "As many connections are open here as may be. Try again later.",
    };
    pub(super) const HEAD_TOO_LARGE: Self = Self {
        status: "431 Request Header Fields Too Large",
        reason: "head_too_large",
        message: "The request's head is larger than allowed (proxy.limits.head).",
    };
    pub(super) const TIMEOUT: Self = Self {
        status: "408 Request Timeout",
        reason: "request_timeout",
        message: "The request's head did not come in time.",
    };

    /// Head and body. Nothing is known of the request: the error has the shape of OpenAI's.
    pub(super) fn answer(self) -> String {
        let Self { status, reason, message } = self;
        let body = format!(
            r#"{{"error":{{"message":"{message}","type":"weir_error","param":null,"code":"{reason}"}}}}"#
        );
        let again = if reason == Self::CROWDED.reason { "retry-after: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{again}\
             x-weir-error: {reason}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}
