//! Where a request goes, told from its method and path.

use crate::api::Api;
use crate::engine::Engine;
use crate::request::Head;

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Api(Api),
    /// SageMaker's one path for many APIs: the body says which.
    Invocations,
    /// The stored response with this id.
    Stored(&'a str),
    /// Whatever does not run a model.
    Page,
}

impl<'a> Route<'a> {
    pub(crate) fn of(engine: &Engine, head: &'a Head) -> Self {
        let path = head.path();
        if let Some(api) = Api::of_path(path).filter(|api| head.method == api.method()) {
            // Without an upgrade a WebSocket's path is unknown.
            let is_page = api == Api::Realtime && !head.wants_websocket();
            return if is_page { Self::Page } else { Self::Api(api) };
        }
        let stored = path.strip_prefix("/v1/responses/").filter(|id| !id.contains('/'));
        match stored {
            Some(id) if head.method == "GET" && Api::Responses.is_served_by(engine) => {
                Self::Stored(id)
            }
            _ if path == "/invocations" && head.method == "POST" && has_invocations(engine) => {
                Self::Invocations
            }
            _ => Self::Page,
        }
    }

    /// Whether it runs a model, so that it takes a plan from the queue.
    pub(crate) fn runs_a_model(&self) -> bool {
        matches!(self, Self::Api(_) | Self::Invocations)
    }
}

fn has_invocations(engine: &Engine) -> bool {
    engine.vllm_since(0, 7, 0)
}
