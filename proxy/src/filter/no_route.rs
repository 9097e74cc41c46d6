//! What a client is told whose request no route takes.

use weir_ledger::Rejection;

use super::rejection::Rejected;
use crate::table::{NoRoute, Table};

/// When a client may come again, in seconds: discovery is asked every second, an engine starts in tens.
const COME_AGAIN: u64 = 5;

/// For people and programs; 404 where nothing will change by itself, else 503.
pub(super) fn rejected(table: &Table, why: NoRoute) -> Rejected {
    let now = |message: &'static str, retry_after| Rejected {
        reason: Rejection::NoRouteNow,
        message: message.into(),
        retry_after: Some(retry_after),
    };
    match why {
        NoRoute::None => Rejected::of(Rejection::NoRoute),
        NoRoute::NotYet => now("Weir has no route here yet: discovery has not answered.", 1),
        NoRoute::NoneNow => {
            now("Weir has no route here now: discovery finds no engine.", COME_AGAIN)
        }
        NoRoute::Gone => now(
            "The engine that this request is for has gone: discovery does not find it any more.",
            COME_AGAIN,
        ),
        NoRoute::Unclear => {
            let message = format!(
                "Weir has several routes here and can't tell which one this request is for. Begin \
                 the path with one of {} or name a model that exactly one of them serves.",
                table.prefixes()
            );
            Rejected { message: message.into(), ..Rejected::of(Rejection::NoRoute) }
        }
    }
}
