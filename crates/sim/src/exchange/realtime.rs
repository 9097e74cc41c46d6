//! `/v1/realtime`: the upgrade to a WebSocket, and the messages of a session.

mod line;
mod turn;

use std::collections::VecDeque;
use std::io;

use serde_json::Value;

use crate::answer::realtime::{Dialect, committed, item_added};
use crate::engine::Name;
use crate::exchange::Exchange;
use crate::fault::{Fault, OVERSIZED_HEAD};
use crate::http_date::{http_date, unix_seconds};
use crate::reply::Reply;
use crate::socket::Next;
use crate::websocket::{self, Deflater, Reader};

/// One WebSocket, from its upgrade to its end.
struct Session<'s, 'e> {
    exchange: &'s mut Exchange<'e>,
    dialect: Dialect,
    /// The model, once it is known.
    model: Option<String>,
    reader: Reader,
    /// If compression was agreed on.
    deflater: Option<Deflater>,
    /// Text messages that are not yet looked at.
    backlog: VecDeque<String>,
    /// Text messages so far, as far as they are kept.
    heard: Vec<u8>,
    /// Bytes of messages since the last answer.
    since_answer: u64,
    has_audio: bool,
    /// vLLM was told to begin and waits for audio.
    has_begun: bool,
    /// A fault put an error among the messages.
    is_faulty: bool,
}

/// Messages are kept up to this sum of their lengths.
const MAX_HEARD: usize = 1024 * 1024;

impl Exchange<'_> {
    pub(crate) async fn realtime(&mut self) -> io::Result<Next> {
        let key = self.head.header("sec-websocket-key").unwrap_or_default().trim();
        let Some(accept) = websocket::accept(key) else {
            let text = "Failed to open a WebSocket connection: invalid Sec-WebSocket-Key header.\n";
            return self.reply(&Reply::text(400, text)).await;
        };
        if self.head.header("sec-websocket-version") != Some("13") {
            let text = "Failed to open a WebSocket connection: unsupported version.\n";
            let mut reply = Reply::text(426, text);
            reply.extra.push(("sec-websocket-version", "13".to_owned()));
            return self.reply(&reply).await;
        }
        let model = self.head.query("model").map(str::to_owned);
        let is_vllm = self.shared.engine.is(Name::Vllm) && model.is_none();
        let dialect = if is_vllm { Dialect::Vllm } else { Dialect::OpenAi };
        let head = self.upgrade_head(&accept, dialect);
        self.tracker.status(101);
        self.socket.send(head.as_bytes()).await?;
        if let Some(next) = self.plan.fault.as_ref().and_then(Fault::after_head) {
            return Ok(self.cut(next));
        }
        let mut session = Session::new(self, dialect, model);
        let next = session.run().await;
        // Where the client has left, nobody has done it yet.
        session.keep_heard();
        next
    }

    /// uvicorn compresses messages for every client that offers it.
    fn compresses_messages(&self) -> bool {
        let offered = self.head.header("sec-websocket-extensions").unwrap_or_default();
        self.shared.engine.is(Name::Vllm) && websocket::is_offered(offered)
    }

    fn upgrade_head(&self, accept: &str, dialect: Dialect) -> String {
        let mut lines = String::new();
        let offered = self.head.header("sec-websocket-protocol").unwrap_or_default();
        // A browser hangs up if none of what it offers is taken.
        if dialect == Dialect::OpenAi && offered.split(',').any(|name| name.trim() == "realtime") {
            lines.push_str("Sec-WebSocket-Protocol: realtime\r\n");
        }
        if self.compresses_messages() {
            lines.push_str(&format!("Sec-WebSocket-Extensions: {}\r\n", websocket::ACCEPTED));
        }
        if self.plan.fault == Some(Fault::OversizedHead) {
            lines.push_str(&format!("x-filler: {}\r\n", "x".repeat(OVERSIZED_HEAD)));
        }
        let date = http_date(unix_seconds());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{lines}date: {date}\r\nserver: uvicorn\r\n\r\n"
        )
    }
}

impl<'s, 'e> Session<'s, 'e> {
    fn new(exchange: &'s mut Exchange<'e>, dialect: Dialect, model: Option<String>) -> Self {
        let compressed = exchange.compresses_messages();
        Self {
            exchange,
            dialect,
            model,
            reader: Reader::new(compressed),
            deflater: compressed.then(Deflater::new),
            backlog: VecDeque::new(),
            heard: Vec::new(),
            since_answer: 0,
            has_audio: false,
            has_begun: false,
            is_faulty: false,
        }
    }

    async fn run(&mut self) -> io::Result<Next> {
        let id = self.next_id();
        let model = self.model.clone().unwrap_or_default();
        self.send(&self.dialect.created(&id, unix_seconds(), &model)).await?;
        if self.dialect == Dialect::OpenAi && !self.serves(&model) {
            self.refuse("model_not_found", &format!("The model `{model}` does not exist.")).await?;
            return self.hang_up(1008).await;
        }
        loop {
            let text = match self.receive().await? {
                Ok(text) => text,
                Err(next) => return Ok(next),
            };
            if let Some(next) = self.handle(&text).await? {
                return Ok(next);
            }
        }
    }

    /// Does what one message asks for.
    async fn handle(&mut self, text: &str) -> io::Result<Option<Next>> {
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            self.refuse("invalid_json", "Invalid JSON").await?;
            return Ok(None);
        };
        let is_openai = self.dialect == Dialect::OpenAi;
        match json["type"].as_str().unwrap_or_default() {
            "session.update" => self.update(&json).await?,
            "input_audio_buffer.append" => self.has_audio = true,
            "input_audio_buffer.commit" if is_openai => {
                let committed = committed(&self.next_id());
                self.send(&committed).await?;
            }
            "input_audio_buffer.commit" => return self.commit(json["final"] == true).await,
            "conversation.item.create" if is_openai => {
                let added = item_added(&self.next_id());
                self.send(&added).await?;
            }
            "response.create" if is_openai => return self.turn().await,
            other => self.refuse("unknown_event", &format!("Unknown event type: {other}")).await?,
        }
        Ok(None)
    }

    async fn update(&mut self, json: &Value) -> io::Result<()> {
        if let Some(updated) =
            self.dialect.updated(&self.next_id(), self.model.as_deref().unwrap_or_default())
        {
            return self.send(&updated).await;
        }
        match json["model"].as_str() {
            None => self.refuse("invalid_event", "Missing required field: model").await,
            Some(model) if self.serves(model) => {
                self.model = Some(model.to_owned());
                Ok(())
            }
            Some(model) => {
                let message = format!("The model `{model}` does not exist.");
                self.refuse("model_not_found", &message).await
            }
        }
    }

    /// vLLM transcribes while audio comes, between a commit and a final one. Here it answers at the
    /// final one; or at the first, if there is audio already.
    async fn commit(&mut self, is_final: bool) -> io::Result<Option<Next>> {
        if self.model.is_none() {
            let message = "Model not validated. Make sure to validate the model by sending a \
                           session.update event.";
            self.refuse("model_not_validated", message).await?;
            return Ok(None);
        }
        if self.has_audio || is_final && self.has_begun {
            (self.has_audio, self.has_begun) = (false, false);
            return self.turn().await;
        }
        self.has_begun = !is_final;
        Ok(None)
    }

    fn serves(&self, model: &str) -> bool {
        let served = &self.exchange.shared.models;
        served.is_empty() || served.iter().any(|name| name == model)
    }

    fn next_id(&self) -> String {
        self.exchange.shared.next_id()
    }
}
