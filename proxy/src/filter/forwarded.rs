//! What the meter makes of a piece of a body, as bytes to pass on.

use bytes::{Bytes, BytesMut};
use weir_wire::Forward;

/// What goes on of a piece; it is copied only where other bytes follow in it.
pub(super) fn bytes(piece: &Bytes, forward: Forward) -> Bytes {
    match forward {
        Forward::Unchanged => piece.clone(),
        Forward::Spliced { keep, then } if then.is_empty() => piece.slice(..keep),
        Forward::Spliced { keep, then } => {
            let mut spliced = BytesMut::with_capacity(keep + then.len());
            spliced.extend_from_slice(&piece[..keep]);
            spliced.extend_from_slice(&then);
            spliced.freeze()
        }
        Forward::Replaced(bytes) => bytes.into(),
    }
}

/// The same for a piece that need not be there.
pub(super) fn replace(body: &mut Option<Bytes>, forward: Forward) {
    if !matches!(forward, Forward::Unchanged) {
        let piece = body.take().unwrap_or_default();
        *body = Some(bytes(&piece, forward));
    }
}
