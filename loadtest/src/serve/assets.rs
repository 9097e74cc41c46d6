//! The page's files: they are in the program, compressed once.

mod asset;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;

use self::asset::{Asset, Kind};

macro_rules! files {
    ($($path:literal: $kind:ident = $file:literal),* $(,)?) => {
        /// The paths of the files, and what they hold.
        const FILES: &[(&str, Kind, &[u8])] = &[$((
            $path,
            Kind::$kind,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/page/", $file)),
        )),*];
    };
}

files! {
    "/": Html = "index.html",
    "/benchmarks.html": Html = "benchmarks.html",
    "/view_results.html": Html = "view_results.html",
    "/assets/style.css": Css = "style.css",
    "/assets/answers.js": Script = "answers.js",
    "/assets/api.js": Script = "api.js",
    "/assets/benchmarks.js": Script = "benchmarks.js",
    "/assets/charts.js": Script = "charts.js",
    "/assets/compare.js": Script = "compare.js",
    "/assets/element.js": Script = "element.js",
    "/assets/exports.js": Script = "exports.js",
    "/assets/figures.js": Script = "figures.js",
    "/assets/format.js": Script = "format.js",
    "/assets/history.js": Script = "history.js",
    "/assets/live.js": Script = "live.js",
    "/assets/live_charts.js": Script = "live_charts.js",
    "/assets/live_tables.js": Script = "live_tables.js",
    "/assets/page.js": Script = "page.js",
    "/assets/poll.js": Script = "poll.js",
    "/assets/requests.js": Script = "requests.js",
    "/assets/results.js": Script = "results.js",
    "/assets/run_charts.js": Script = "run_charts.js",
    "/assets/run_picker.js": Script = "run_picker.js",
    "/assets/run_sections.js": Script = "run_sections.js",
    "/assets/run_surroundings.js": Script = "run_surroundings.js",
    "/assets/run_view.js": Script = "run_view.js",
    "/assets/runs_table.js": Script = "runs_table.js",
    "/assets/table.js": Script = "table.js",
}

/// plotly.js, which draws the charts.
const PLOTLY: &str = "/assets/plotly.js";

pub(super) fn routes() -> Router {
    let files = FILES.iter().fold(Router::new(), |router, &(path, kind, bytes)| {
        let asset = Asset::new(kind, move || bytes.into());
        router.route(path, get(move |headers: HeaderMap| asset.clone().answer(headers)))
    });
    let plotly = Asset::new(Kind::Script, plotly);
    files.route(PLOTLY, get(move |headers: HeaderMap| plotly.clone().answer(headers)))
}

/// The plotly.js that the crate `plotly` carries: the first script of what it writes into pages.
fn plotly() -> Vec<u8> {
    let scripts = plotly::Plot::offline_js_sources();
    let script = scripts.split_once('>').and_then(|(_, rest)| rest.split_once("</script>"));
    script.map(|(script, _)| script.as_bytes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
