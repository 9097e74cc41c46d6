//! Reading Weir's `/metrics`, as Prometheus does: on one connection, over and over.

use crate::client::{Client, ClientError};
use crate::contender::{Contender, Running};

/// What scrapers ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// 0.0.4
    Text,
    OpenMetrics,
    /// With native histograms.
    Protobuf,
}

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScraperError {
    #[error("{0} has no metrics")]
    NoMetrics(Contender),
    #[error("reading the metrics")]
    Client(#[from] ClientError),
    #[error("/metrics was answered {0}, not 200")]
    Status(u16),
}

/// A connection to the admin pages.
pub(crate) struct Scraper(Client);

impl Scraper {
    pub(crate) async fn of(proxy: &Running) -> Result<Self, ScraperError> {
        let admin = proxy.admin.ok_or(ScraperError::NoMetrics(proxy.contender))?;
        Ok(Self(Client::connect(admin).await?))
    }

    /// The page.
    pub(crate) async fn scrape(&mut self, format: Format) -> Result<Vec<u8>, ScraperError> {
        let page = self.0.get("/metrics", format.accept()).await?;
        if page.status == 200 { Ok(page.body) } else { Err(ScraperError::Status(page.status)) }
    }
}

impl Format {
    fn accept(self) -> &'static str {
        match self {
            Self::Text => "text/plain;version=0.0.4",
            Self::OpenMetrics => "application/openmetrics-text;version=1.0.0",
            Self::Protobuf => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
        }
    }
}
