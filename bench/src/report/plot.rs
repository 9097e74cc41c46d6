//! The plot: processor time per request or event against bare Pingora, a panel for each of the main cells.

mod panel;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea as _, RGBColor, SVGBackend, Text, WHITE};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont as _, TextStyle};

use self::panel::{Bar, Panel};
use super::day;
use crate::cells::{
    Cell, JSON_1K_SATURATED, JSON_2M_SATURATED, JSON_16K_SATURATED, JSON_256K_SATURATED, PACED_20,
    STREAMS_1000,
};
use crate::contender::Contender::{self, Bare, Direct};
use crate::results::Results;
use crate::statistics::{Rounds, measure};

const MAIN: [&str; 6] = [
    JSON_1K_SATURATED,
    JSON_16K_SATURATED,
    JSON_256K_SATURATED,
    JSON_2M_SATURATED,
    PACED_20,
    STREAMS_1000,
];

const COLUMNS: usize = 2;
const WIDTH: i32 = 1_040;
const HEAD: i32 = 64;
const FOOT: i32 = 34;
const MARGIN: i32 = 16;

const INK: RGBColor = RGBColor(38, 38, 38);
const FAINT: RGBColor = RGBColor(110, 110, 110);

/// Why there is none.
#[derive(Debug, thiserror::Error)]
#[error("drawing the plot: {0}")]
pub(crate) struct PlotError(String);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

pub(super) fn svg(results: &Results) -> Result<String, PlotError> {
    let main = MAIN.iter().filter_map(|name| results.cells.iter().find(|it| it.name == *name));
    let panels: Vec<_> = main.filter_map(|cell| panel(results, cell)).collect();
    let rows = panels.len().div_ceil(COLUMNS) as i32;
    let height = HEAD + rows * panel::HEIGHT + FOOT;
    let mut text = String::new();
    {
        let size = (WIDTH as u32, height as u32);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area, results, &panels, height).map_err(|error| PlotError(error.to_string()))?;
    }
    Ok(text)
}

/// `None` where nobody is compared.
fn panel(results: &Results, cell: &Cell) -> Option<Panel> {
    let rounds = Rounds::of(results, &cell.name);
    let cpu = measure::cpu(&cell.work);
    let bars =
        Contender::ALL.into_iter().filter(|contender| *contender != Direct).map(|contender| {
            let ratio = rounds.ratio(contender, Bare, cpu);
            Bar { contender, ratio }
        });
    let bars: Vec<_> = bars.collect();
    let reference = rounds.over(Bare, cpu)?.median;
    Some(Panel { title: cell.work.to_string(), reference, bars })
}

fn draw(
    area: &Area<'_>,
    results: &Results,
    panels: &[Panel],
    height: i32,
) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    let title = "Processor time per request or event: bare Pingora = 1, less is better";
    write(area, title, (MARGIN, 24), (20, INK), HPos::Left)?;
    let note = "Bars: median over rounds of the ratio within a round; thin lines: least and most.";
    write(area, note, (MARGIN, 46), (13, FAINT), HPos::Left)?;
    let most = panels.iter().flat_map(Panel::medians).map(|median| 1.15 * median);
    let most = most.fold(1.2, f64::max);
    let width = (WIDTH - MARGIN) / COLUMNS as i32;
    for (index, panel) in panels.iter().enumerate() {
        let (row, column) = ((index / COLUMNS) as i32, (index % COLUMNS) as i32);
        let corner = (MARGIN + column * width, HEAD + row * panel::HEIGHT);
        panel.draw(area, corner, width - MARGIN, most)?;
    }
    let machine = &results.machine;
    let foot = format!(
        "{}; {}, {} cores; the proxies have one worker thread each",
        day(&results.date),
        machine.processor,
        machine.cores
    );
    write(area, &foot, (MARGIN, height - FOOT / 2), (13, FAINT), HPos::Left)?;
    area.present()?;
    Ok(())
}

/// Text whose middle is at the height of `at`, and that begins, ends or is centred there.
fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    (size, colour): (i32, RGBColor),
    side: HPos,
) -> Result<(), Box<dyn std::error::Error>> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(&colour)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}
