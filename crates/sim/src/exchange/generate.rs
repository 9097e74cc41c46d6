//! From the body of a request to its answer, or to the engine's refusal.

use std::io;
use std::sync::Arc;

use crate::answer::{Script, Setting, Voice, responses};
use crate::api::Api;
use crate::ask::{self, Ask, Form, Format, OpenAiModel};
use crate::engine::Name;
use crate::error_body;
use crate::exchange::Exchange;
use crate::http_date::unix_seconds;
use crate::recorder::Plot;
use crate::reply::Reply;
use crate::socket::Next;
use crate::stored::Stored;

impl Exchange<'_> {
    /// Generates an answer, or refuses as the engine would.
    pub(crate) async fn generate(&mut self, api: Api, body: &[u8]) -> io::Result<Next> {
        let engine = &self.shared.engine;
        let ask = match self.ask(api, body) {
            Ok(ask) => ask,
            Err(refusal) => return self.reply(&refusal).await,
        };
        if let Some(given) = ask.stream_options.as_ref().filter(|_| engine.refuses_stream_options())
        {
            return self.reply(&error_body::stream_options(engine, api, given)).await;
        }
        let model = match self.model(&ask) {
            Ok(model) => model,
            Err(unknown) => {
                let served = &self.shared.models;
                return self.reply(&error_body::unknown_model(engine, api, &unknown, served)).await;
            }
        };
        let script = self.script(api, ask, model, body.len() as u64);
        self.tracker.generates(Plot::of(&script, self.started));
        if api == Api::Responses && script.ask.store {
            let script = Arc::new(script.clone());
            self.shared.stored.put(Stored { script, since: self.started });
        }
        match Voice::of(&script) {
            Some(voice) => self.stream(&script, voice, None).await,
            None if script.ask.background => {
                self.reply(&Reply::json(200, responses::queued(&script))).await
            }
            None => self.whole(&script).await,
        }
    }

    /// As [`generate`](Self::generate), for the API that the body's shape tells.
    pub(crate) async fn invoke(&mut self, body: &[u8]) -> io::Result<Next> {
        let engine = &self.shared.engine;
        match ask::parse(body) {
            Err(bad) => self.reply(&error_body::bad_json(engine, Api::Chat, &bad)).await,
            Ok(json) => match Api::of_shape(&json).filter(|api| api.is_served_by(engine)) {
                Some(api) => self.generate(api, body).await,
                None => self.reply(&error_body::no_handler(engine)).await,
            },
        }
    }

    /// What the request asks for, or why it can't be answered.
    fn ask(&self, api: Api, body: &[u8]) -> Result<Ask, Reply> {
        let engine = &self.shared.engine;
        if !api.takes_form() {
            let json = ask::parse(body).map_err(|bad| error_body::bad_json(engine, api, &bad))?;
            let ask = Ask::read(api, &json);
            let is_lost = ask.background && !ask.store;
            return if is_lost { Err(error_body::background_not_stored(engine)) } else { Ok(ask) };
        }
        let content_type = self.head.header("content-type").unwrap_or_default();
        let form = Form::read(content_type, body).map_err(|bad| error_body::bad_form(&bad))?;
        if form.file.is_none() {
            return Err(error_body::no_file(engine));
        }
        let ask = Ask::of_form(&form);
        let is_openai = ask.model.as_deref().and_then(OpenAiModel::of_name).is_some();
        match ask.audio.format {
            Format::Subtitles if !is_openai => Err(error_body::no_subtitles(engine)),
            _ => Ok(ask),
        }
    }

    /// The script of an answer, as this request's plan wants it.
    pub(super) fn script(&self, api: Api, ask: Ask, model: String, body_length: u64) -> Script {
        let setting = Setting {
            engine: self.shared.engine.clone(),
            id: self.answer_id(),
            created: unix_seconds(),
            model,
            body_length,
        };
        Script::new(api, ask, self.plan.clone(), setting)
    }

    /// The model that answers: the one asked for, the first one if none was, or an error.
    fn model(&self, ask: &Ask) -> Result<String, String> {
        let served = &self.shared.models;
        let first = || served.first().map_or_else(|| "unknown".to_owned(), String::clone);
        match &ask.model {
            None => Ok(first()),
            Some(asked) if served.is_empty() || served.contains(asked) => Ok(asked.clone()),
            Some(_) if self.shared.engine.is(Name::LlamaCpp) => Ok(first()),
            Some(asked) => Err(asked.clone()),
        }
    }

    /// vLLM makes a client's request id part of the answer's.
    fn answer_id(&self) -> String {
        match self.head.header("x-request-id").filter(|_| self.shared.engine.is(Name::Vllm)) {
            Some(id) => id.to_owned(),
            None => self.shared.next_id(),
        }
    }
}
