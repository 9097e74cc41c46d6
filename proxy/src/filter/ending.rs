//! From Pingora's errors to who ended the exchange.

use pingora::prelude::{Error, ErrorSource, ErrorType};
use weir_wire::End;

/// Who ended it.
pub(super) fn of(error: &Error) -> End {
    match error.esource() {
        ErrorSource::Upstream => upstream(error.etype()),
        ErrorSource::Downstream => downstream(error.etype()),
        ErrorSource::Internal | ErrorSource::Unset => End::Internal,
    }
}

fn upstream(kind: &ErrorType) -> End {
    match kind {
        ErrorType::ConnectTimedout
        | ErrorType::ConnectRefused
        | ErrorType::ConnectNoRoute
        | ErrorType::ConnectProxyFailure
        | ErrorType::ConnectError
        | ErrorType::BindError
        | ErrorType::SocketError
        | ErrorType::TLSWantX509Lookup
        | ErrorType::TLSHandshakeFailure
        | ErrorType::TLSHandshakeTimedout
        | ErrorType::InvalidCert
        | ErrorType::HandshakeError => End::ConnectFailed,
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => End::UpstreamTimeout,
        ErrorType::InvalidHTTPHeader
        | ErrorType::H1Error
        | ErrorType::H2Error
        | ErrorType::InvalidH2
        | ErrorType::H2Downgrade => End::UpstreamInvalid,
        // Of the connection to it nothing came about: no file descriptor was left, say.
        ErrorType::InternalError => End::Internal,
        held if *held == super::refusal::HELD => End::Complete,
        _ => End::UpstreamReset,
    }
}

fn downstream(kind: &ErrorType) -> End {
    match kind {
        // What the client sent is no HTTP that can be passed on.
        ErrorType::InvalidHTTPHeader
        | ErrorType::HTTPStatus(_)
        | ErrorType::ConnectError
        | ErrorType::Custom("InvalidChunk") => End::Rejected,
        _ => End::ClientClosed,
    }
}
