//! The scenarios that come with the program.

/// A scenario that comes with the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shipped {
    pub(crate) name: &'static str,
    /// As it stands in `loadtest/scenarios/`.
    pub(crate) toml: &'static str,
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        &[$(Shipped {
            name: $name,
            toml: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }),*]
    };
}

/// In the order in which they are listed.
pub(crate) const SHIPPED: &[Shipped] = shipped![
    "quick",
    "high-parallelism",
    "sequential-workers",
    "open-loop",
    "ramp",
    "goodput",
    "chat",
    "long-prompts",
    "mixed",
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|shipped| shipped.name)
}
