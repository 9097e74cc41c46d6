//! Label sets: which labels a family has and in which order they are printed.
//!
//! Values of closed lists come from the `as_str` of their enum and from nowhere else.

use std::fmt::Write;
use std::hash::Hash;
use std::sync::Arc;

/// What a family's labels must be able to do.
pub(crate) trait Labels: Print + Clone + Eq + Hash + Send + Sync + 'static {}

/// A label, or a set of them.
pub(crate) trait Print {
    /// Prints it, with a comma behind each label. `head` is what stands before the value of a label.
    fn print(&self, head: &str, to: &mut String);
}

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

/// A value of a closed list, none of which has anything to be escaped.
impl Print for &'static str {
    fn print(&self, head: &str, to: &mut String) {
        to.extend([head, self, "\","]);
    }
}

impl Print for Hop {
    fn print(&self, head: &str, to: &mut String) {
        self.as_str().print(head, to);
    }
}

impl Print for u16 {
    fn print(&self, head: &str, to: &mut String) {
        // Writing to a String does not fail.
        let _infallible = write!(to, "{head}{self}\",");
    }
}

/// A value that others make up.
impl Print for Arc<str> {
    fn print(&self, head: &str, to: &mut String) {
        to.push_str(head);
        let mut rest = &**self;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'\\' | b'"' | b'\n')) {
            let escape = match rest.as_bytes()[at] {
                b'\n' => "\\n",
                b'"' => "\\\"",
                _ => "\\\\",
            };
            to.extend([&rest[..at], escape]);
            rest = &rest[at + 1..];
        }
        to.extend([rest, "\","]);
    }
}

/// Declares label sets: their labels in the order in which they are printed, with those of another set as a
/// field.
macro_rules! label_sets {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name {
            $(pub(crate) $field: $type),*
        }

        impl Print for $name {
            fn print(&self, _: &str, _to: &mut String) {
                $(self.$field.print(concat!(stringify!($field), "=\""), _to);)*
            }
        }

        impl Labels for $name {}
    )*};
}

label_sets! {
    /// `route, hop`
    RouteLabels { route: Arc<str>, hop: Hop }

    /// `route, hop, code`
    CodeLabels { route: RouteLabels, code: u16 }

    /// `route, hop, endpoint`
    EndpointLabels { route: RouteLabels, endpoint: &'static str }

    /// `route, hop, model`
    ModelLabels { route: RouteLabels, model: Arc<str> }

    /// `route, hop, endpoint, model`
    RequestLabels { endpoint: EndpointLabels, model: Arc<str> }

    /// `route, hop, endpoint, model, outcome, status`
    OutcomeLabels { request: RequestLabels, outcome: &'static str, status: &'static str }

    /// `route, hop, endpoint, model, kind, source`
    TokenLabels { request: RequestLabels, kind: &'static str, source: &'static str }

    /// `route, hop, model, kind`
    DetailLabels { model: ModelLabels, kind: &'static str }

    /// `route, hop, model, source`
    SourceLabels { model: ModelLabels, source: &'static str }

    /// `route, hop, model, reason`
    MissingLabels { model: ModelLabels, reason: &'static str }

    /// `route, hop, model, outcome`
    ModelOutcomeLabels { model: ModelLabels, outcome: &'static str }

    /// `reason`
    ReasonLabels { reason: &'static str }

    /// `listener`
    ListenerLabels { listener: Hop }

    /// `route, client`; a route belongs to one hop.
    ClientLabels { route: Arc<str>, client: Arc<str> }

    /// `route, client, kind`
    ClientTokenLabels { client: ClientLabels, kind: &'static str }

    /// `route, model, kind, source`; costs are counted at one hop only.
    CostLabels { route: Arc<str>, model: Arc<str>, kind: &'static str, source: &'static str }

    /// `model`: a crossing belongs to two routes and both hops.
    CrossedLabels { model: Arc<str> }

    /// `model, result`
    CrossingLabels { model: Arc<str>, result: &'static str }

    /// `model, phase`
    PhaseLabels { model: Arc<str>, phase: &'static str }

    /// `label`
    OverflowLabels { label: &'static str }

    /// `source`: what routes are read from.
    FeedLabels { source: &'static str }

    /// `result`
    ResultLabels { result: &'static str }

    /// Of what there is only one.
    NoLabels { }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(labels: &impl Labels) -> String {
        let mut text = String::new();
        labels.print("", &mut text);
        text
    }

    fn route(name: &str) -> RouteLabels {
        RouteLabels { route: name.into(), hop: Hop::Edge }
    }

    #[test]
    fn labels_are_printed_in_their_order() {
        assert_eq!(printed(&NoLabels {}), "");
        let labels = CodeLabels { route: route("r"), code: 404 };
        assert_eq!(printed(&labels), r#"route="r",hop="edge",code="404","#);
        let endpoint = EndpointLabels { route: route(""), endpoint: "other" };
        let request = RequestLabels { endpoint, model: "模型".into() };
        let labels = OutcomeLabels { request, outcome: "success", status: "success" };
        let expected = r#"route="",hop="edge",endpoint="other",model="模型",outcome="success",status="success","#;
        assert_eq!(printed(&labels), expected);
    }

    #[test]
    fn what_others_make_up_is_escaped() {
        for (name, escaped) in [
            ("\\", r"\\"),
            ("\"\"", r#"\"\""#),
            ("\n", r"\n"),
            ("a\"b\\c\nd", r#"a\"b\\c\nd"#),
            ("tab\tä", "tab\tä"),
        ] {
            assert_eq!(printed(&route(name)), format!(r#"route="{escaped}",hop="edge","#));
        }
    }
}
