//! Which of the signs decides what a container is.

use super::command::{Launch, Program};
use super::image::Image;
use super::label::{LabelledRole, Labels};
use super::{Evidence, Role, litellm, vllm};
use crate::container::{Container, NetworkMode};
use crate::gpu;

/// What a container is taken for.
pub(super) struct Verdict {
    pub(super) role: Role,
    pub(super) certain: bool,
    pub(super) evidence: Evidence,
}

/// Variables that images of vLLM set. Those that people set, such as `VLLM_API_KEY`, stand in clients as
/// well.
const VLLM: [&str; 3] = ["VLLM_BUILD_COMMIT", "VLLM_IMAGE_TAG", "VLLM_USAGE_SOURCE"];

/// Variables that LiteLLM's proxy is started with, and now and then its clients.
const LITELLM: [&str; 2] = ["LITELLM_MASTER_KEY", "LITELLM_SALT_KEY"];

/// The strongest sign wins.
pub(super) fn judge(
    container: &Container,
    labels: &Labels,
    launch: Option<&Launch>,
    image: &Image,
) -> Verdict {
    let of = |role, certain, evidence| Verdict { role, certain, evidence };
    match labels.role {
        Some(LabelledRole::Ignore) => return of(Role::Other, true, Evidence::Label),
        Some(LabelledRole::Role(role)) => return of(role, true, Evidence::Label),
        None => {}
    }
    if let Some(launch) = launch {
        // An engine may be started in Ray's head later, or never.
        let certain = launch.program != Program::Ray { head: true };
        return of(role_of(launch.program), certain, Evidence::Command);
    }
    if let Some(role) = image.role() {
        return of(role, runs_its_program(container, role), Evidence::Image);
    }
    let has = |names: &[&str]| names.iter().any(|name| container.env.has(name));
    if has(&VLLM) {
        return of(Role::Vllm, runs_its_program(container, Role::Vllm), Evidence::Environment);
    }
    if has(&LITELLM) && container.network_mode == NetworkMode::Networks {
        return of(Role::Litellm, false, Evidence::Environment);
    }
    weak(container)
}

/// Whose programs these are.
pub(super) fn role_of(program: Program) -> Role {
    match program {
        Program::Vllm { .. } | Program::Ray { .. } => Role::Vllm,
        Program::Litellm => Role::Litellm,
        Program::Weir => Role::Weir,
        Program::Tool => Role::Other,
    }
}

/// Whether an image runs what it is for, where its command line is not known as such: a script of the
/// image's own with the program's options does, a shell or `sleep infinity` does not.
fn runs_its_program(container: &Container, role: Role) -> bool {
    let argv = container.argv.as_slice();
    let Some(first) = argv.first() else { return true };
    match role {
        Role::Vllm => vllm::has_options(argv),
        Role::Litellm => first.contains("entrypoint") || first.starts_with('-'),
        Role::Langfuse | Role::Weir | Role::Other => true,
    }
}

/// Only where it has a network of its own: at a port of a shared one another might answer.
fn weak(container: &Container) -> Verdict {
    let own = container.network_mode == NetworkMode::Networks;
    let names = |port: u16| own && container.ports.iter().any(|known| known.container == port);
    let (role, evidence) = if names(vllm::PORT) {
        (Role::Vllm, Evidence::Port)
    } else if own && gpu::gpus(container).is_some() {
        (Role::Vllm, Evidence::Gpu)
    } else if names(litellm::PORT) {
        (Role::Litellm, Evidence::Port)
    } else {
        return Verdict { role: Role::Other, certain: true, evidence: Evidence::None };
    };
    Verdict { role, certain: false, evidence }
}
