//! Realtime sessions.

use crate::rig::upgrade;
use crate::rig::websocket::WebSocket;
use crate::visitor::Visitor;

const PATH: &str = "/v1/realtime?model=tiny";
const CREATE: &str = r#"{"type":"response.create"}"#;

/// A session with an answer, which says goodbye or does not.
pub(crate) async fn session(visitor: &mut Visitor) {
    let (_, request) = visitor.with_id(upgrade(PATH).header("x-sim", "tokens=8,gap=1ms"));
    let mut socket = WebSocket::open(visitor.addr, &request).await;
    let _open = visitor.tally.stream();
    socket.send(CREATE).await;
    socket.message_of("response.done").await;
    let outcome = match visitor.dice.below(3) {
        0 => {
            visitor.tally.fault("session left");
            if visitor.dice.below(2) == 0 {
                socket.client.leave()
            } else {
                socket.client.reset()
            }
            "client_closed_mid_stream"
        }
        _ => {
            socket.close().await;
            "success"
        }
    };
    visitor.tally.ended("realtime", outcome);
}
