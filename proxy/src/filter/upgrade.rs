//! Which request may become a WebSocket.

use http::{Method, header};
use pingora::prelude::Session;

use super::prepare::content_length;
use super::told::Told;

/// Leaves an `upgrade` only where it can be one. One that `connection` does not name is not meant for the
/// next hop (RFC 9110, 7.8), and a WebSocket begins with a GET without a body (RFC 6455, 4.1); servers
/// ignore others, but Pingora would upgrade, and no limit on bodies would hold.
pub(super) fn drop_useless(session: &mut Session, told: Told) {
    let may_upgrade =
        session.req_header().method == Method::GET && content_length(session, told) == Some(0);
    let head = session.req_header_mut();
    let options = head.headers.get_all(header::CONNECTION).iter();
    let mut options = options.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    let is_named = options.any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    if !is_named || !may_upgrade {
        head.remove_header(&header::UPGRADE);
    }
}

pub(super) fn asks_for_websocket(session: &Session) -> bool {
    let upgrade = session.get_header(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.trim().eq_ignore_ascii_case("websocket"))
}
