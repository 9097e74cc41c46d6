//! Why the proxy itself refused a request.

/// A reason to refuse, the value of `reason` in `weir_rejections_total`; answers carry it in the
/// header `x-weir-error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// What came is no HTTP request that can be passed on.
    BadRequest,
    /// The method CONNECT, which asks for a tunnel.
    ConnectMethod,
    /// No route takes it.
    NoRoute,
    /// No route takes it at this moment: discovery has named none yet, or names it no more.
    NoRouteNow,
    /// Its head is larger than allowed.
    HeadTooLarge,
    /// Its body is larger than allowed.
    BodyTooLarge,
    /// It was not sent in time.
    RequestTimeout,
    /// As many connections are open as may be.
    TooManyConnections,
    /// As many requests are under way as may be.
    TooManyRequests,
    /// It carries no key, or none that is known.
    Unauthorized,
    /// Its key, its client's network or its endpoint is not among those that the route allows.
    Forbidden,
    /// Its key has been used more often than it may be.
    RateLimited,
}

impl Rejection {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::ConnectMethod,
        Self::NoRoute,
        Self::NoRouteNow,
        Self::HeadTooLarge,
        Self::BodyTooLarge,
        Self::RequestTimeout,
        Self::TooManyConnections,
        Self::TooManyRequests,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RateLimited,
    ];

    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::ConnectMethod => "connect_method",
            Self::NoRoute => "no_route",
            Self::NoRouteNow => "no_route_now",
            Self::HeadTooLarge => "head_too_large",
            Self::BodyTooLarge => "body_too_large",
            Self::RequestTimeout => "request_timeout",
            Self::TooManyConnections => "too_many_connections",
            Self::TooManyRequests => "too_many_requests",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate_limited",
        }
    }
}
