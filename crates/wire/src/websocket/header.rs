//! The header of a WebSocket frame: 2 to 14 bytes.

/// RFC 6455, 5.5.
const CONTROL_LIMIT: u64 = 125;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// The last frame of its message.
    pub(super) is_final: bool,
    /// Bytes of the payload.
    pub(super) length: u64,
    /// Zeros where it is not masked.
    mask: [u8; 4],
}

/// This is no header, or one whose meaning an extension has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// A header of which some bytes are here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    bytes: [u8; 14],
    length: usize,
}

impl Reading {
    /// Reads on; gives the header with its last byte.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<Header>, Unreadable> {
        self.bytes[self.length] = byte;
        self.length += 1;
        let [first, second, rest @ ..] = self.bytes;
        let opcode = opcode(first)?;
        if self.length < 2 {
            return Ok(None);
        }
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let masked = second & 0x80 != 0;
        if self.length < 2 + extended + if masked { 4 } else { 0 } {
            return Ok(None);
        }
        let length = match extended {
            0 => u64::from(second & 0x7f),
            extended => rest[..extended].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        let is_final = first & 0x80 != 0;
        let is_unfit = opcode.is_control() && (!is_final || length > CONTROL_LIMIT);
        if is_unfit || length > i64::MAX as u64 {
            return Err(Unreadable);
        }
        let mut mask = [0; 4];
        if masked {
            mask.copy_from_slice(&rest[extended..extended + 4]);
        }
        Ok(Some(Header { opcode, is_final, length, mask }))
    }
}

fn opcode(first: u8) -> Result<Opcode, Unreadable> {
    match first & 0x7f {
        0x0 => Ok(Opcode::Continuation),
        0x1 => Ok(Opcode::Text),
        0x2 => Ok(Opcode::Binary),
        0x8 => Ok(Opcode::Close),
        0x9 => Ok(Opcode::Ping),
        0xa => Ok(Opcode::Pong),
        // Among them all with a reserved bit, by which permessage-deflate marks what it compressed.
        _ => Err(Unreadable),
    }
}

impl Header {
    /// The mask of the byte at that offset in the payload.
    pub(super) fn mask_at(&self, offset: u64) -> u8 {
        self.mask[(offset % 4) as usize]
    }

    /// Takes the mask off a part of the payload, which begins at `offset` in it.
    pub(super) fn unmask(&self, offset: u64, part: &mut [u8]) {
        if self.mask != [0; 4] {
            for (index, byte) in (offset..).zip(part) {
                *byte ^= self.mask_at(index);
            }
        }
    }
}
