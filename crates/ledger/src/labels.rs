//! Label sets: which labels a family has and in which order they are printed.
//!
//! Values of closed lists come from the `as_str` of their enum and from nowhere else.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

/// Where a route stands; the value of the `hop` label, so that nobody sums a request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hop {
    /// In front of a gateway such as LiteLLM.
    Edge,
    /// In front of an inference engine such as vLLM.
    Engine,
}

impl Hop {
    /// The value of the `hop` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Engine => "engine",
        }
    }
}

impl EncodeLabelValue for Hop {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}

/// `route, hop`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    pub(crate) route: Arc<str>,
    pub(crate) hop: Hop,
}

/// `route, hop, code`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CodeLabels {
    #[prometheus(flatten)]
    pub(crate) route: RouteLabels,
    pub(crate) code: u16,
}

/// `route, hop, endpoint`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EndpointLabels {
    #[prometheus(flatten)]
    pub(crate) route: RouteLabels,
    pub(crate) endpoint: &'static str,
}

/// `route, hop, model`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ModelLabels {
    #[prometheus(flatten)]
    pub(crate) route: RouteLabels,
    pub(crate) model: Arc<str>,
}

/// `route, hop, endpoint, model`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    #[prometheus(flatten)]
    pub(crate) endpoint: EndpointLabels,
    pub(crate) model: Arc<str>,
}

/// `route, hop, endpoint, model, outcome, status`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabels {
    #[prometheus(flatten)]
    pub(crate) request: RequestLabels,
    pub(crate) outcome: &'static str,
    pub(crate) status: &'static str,
}

/// `route, hop, endpoint, model, kind, source`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct TokenLabels {
    #[prometheus(flatten)]
    pub(crate) request: RequestLabels,
    pub(crate) kind: &'static str,
    pub(crate) source: &'static str,
}

/// `route, hop, model, kind`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct DetailLabels {
    #[prometheus(flatten)]
    pub(crate) model: ModelLabels,
    pub(crate) kind: &'static str,
}

/// `route, hop, model, source`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SourceLabels {
    #[prometheus(flatten)]
    pub(crate) model: ModelLabels,
    pub(crate) source: &'static str,
}

/// `route, hop, model, reason`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct MissingLabels {
    #[prometheus(flatten)]
    pub(crate) model: ModelLabels,
    pub(crate) reason: &'static str,
}

/// `route, hop, model, outcome`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ModelOutcomeLabels {
    #[prometheus(flatten)]
    pub(crate) model: ModelLabels,
    pub(crate) outcome: &'static str,
}

/// `reason`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabels {
    pub(crate) reason: &'static str,
}

/// `listener`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ListenerLabels {
    pub(crate) listener: Hop,
}

/// `route, client`; a route belongs to one hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClientLabels {
    pub(crate) route: Arc<str>,
    pub(crate) client: Arc<str>,
}

/// `route, client, kind`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClientTokenLabels {
    #[prometheus(flatten)]
    pub(crate) client: ClientLabels,
    pub(crate) kind: &'static str,
}

/// `route, model, kind, source`; costs are counted at one hop only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CostLabels {
    pub(crate) route: Arc<str>,
    pub(crate) model: Arc<str>,
    pub(crate) kind: &'static str,
    pub(crate) source: &'static str,
}

/// `model`: a crossing belongs to two routes and both hops.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CrossedLabels {
    pub(crate) model: Arc<str>,
}

/// `model, result`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CrossingLabels {
    pub(crate) model: Arc<str>,
    pub(crate) result: &'static str,
}

/// `model, phase`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PhaseLabels {
    pub(crate) model: Arc<str>,
    pub(crate) phase: &'static str,
}

/// `label`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OverflowLabels {
    pub(crate) label: &'static str,
}

/// `source`: what routes are read from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct FeedLabels {
    pub(crate) source: &'static str,
}

/// `result`
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ResultLabels {
    pub(crate) result: &'static str,
}
