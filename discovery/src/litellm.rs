//! LiteLLM proxies: whether they are up, and which names they give to which engines.
//!
//! A gateway is asked for four paths and nothing else, `/health/liveliness`, `/health/readiness`,
//! `/health/readiness/details` and `/model/info`: `/health` and its other relatives run models.

mod config;
mod deployment;
mod exposition;
mod join;
mod model_info;
mod poller;
mod state;

pub use config::{LitellmConfig, RawLitellm, resolve};
pub use deployment::{ApiBase, Deployment, Deployments};
pub use exposition::{Shown, add};
pub use join::{ModelLink, aliases, join};
pub use poller::{Gateway, Poller};
pub use state::GatewayState;
