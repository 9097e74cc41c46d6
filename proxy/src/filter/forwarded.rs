//! What the meter makes of a piece of a body, as bytes to pass on.

use bytes::{Bytes, BytesMut};
use weir_wire::{Addition, Forward};

/// A whole body with what Weir adds to it.
pub(super) fn add(body: &[u8], Addition { at, bytes }: Addition) -> Bytes {
    let (before, behind) = body.split_at(at.min(body.len()));
    let mut whole = BytesMut::with_capacity(body.len() + bytes.len());
    for part in [before, bytes, behind] {
        whole.extend_from_slice(part);
    }
    whole.freeze()
}

/// What goes on of a piece; it is copied only where other bytes follow in it.
fn bytes(piece: &Bytes, forward: Forward) -> Bytes {
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

/// Puts what goes on of a piece into its place.
pub(super) fn replace(body: &mut Option<Bytes>, forward: Forward) {
    if !matches!(forward, Forward::Unchanged) {
        let piece = body.take().unwrap_or_default();
        *body = Some(bytes(&piece, forward));
    }
}
