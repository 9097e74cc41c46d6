//! The headers of every request: a proxy pays for each of them, so they are those of the usual client.

/// As OpenAI's library for Python sends them (`openai` 3.42.1, recorded on 2026-11-22), but for `host` and
/// `content-length`; each ends with CR LF.
pub(crate) const CLIENT: &str = "Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Connection: keep-alive\r\n\
    authorization: Bearer sk-0123456789abcdef0123456789abcdef\r\n\
    accept: application/json\r\n\
    content-type: application/json\r\n\
    user-agent: OpenAI/Python 3.42.1\r\n\
    x-stainless-lang: python\r\n\
    x-stainless-package-version: 3.42.1\r\n\
    x-stainless-os: Linux\r\n\
    x-stainless-arch: x64\r\n\
    x-stainless-runtime: CPython\r\n\
    x-stainless-runtime-version: 3.13.9\r\n\
    x-stainless-async: false\r\n\
    x-stainless-retry-count: 0\r\n\
    x-stainless-read-timeout: 600\r\n";
