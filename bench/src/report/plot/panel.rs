//! One cell: a bar for each contender.

use std::error::Error;

use plotters::prelude::{PathElement, RGBColor, Rectangle};
use plotters::style::Color as _;
use plotters::style::text_anchor::HPos;

use super::{Area, FAINT, INK, write};
use crate::contender::Contender;
use crate::names::title;
use crate::statistics::Spread;
use crate::words::{fixed, short};

const TITLE: i32 = 30;
const STEP: i32 = 24;
const THICKNESS: i32 = 14;
/// Where the names are, and where the figures.
const NAMES: i32 = 138;
const FIGURES: i32 = 50;
pub(super) const HEIGHT: i32 = TITLE + 7 * STEP + 22;

const WEIR: RGBColor = RGBColor(0, 107, 164);
const PINGORA: RGBColor = RGBColor(137, 137, 137);
const OTHER: RGBColor = RGBColor(190, 205, 220);

pub(super) struct Panel {
    pub(super) title: String,
    /// What bare Pingora takes, in seconds.
    pub(super) reference: f64,
    pub(super) bars: Vec<Bar>,
}

pub(super) struct Bar {
    pub(super) contender: Contender,
    /// `None`: it was not measured.
    pub(super) ratio: Option<Spread>,
}

impl Panel {
    pub(super) fn medians(&self) -> impl Iterator<Item = f64> {
        self.bars.iter().filter_map(|bar| bar.ratio).map(|ratio| ratio.median)
    }

    /// With its upper left corner there; `most` is at the right end of the bars, and what is more is cut
    /// off there: one bad round leaves room for the others.
    pub(super) fn draw(
        &self,
        area: &Area<'_>,
        (left, top): (i32, i32),
        width: i32,
        most: f64,
    ) -> Result<(), Box<dyn Error>> {
        let reference = format!("{} (1 = {} µs)", self.title, short(self.reference * 1e6));
        write(area, &reference, (left, top + TITLE / 2), (15, INK), HPos::Left)?;
        let zero = left + NAMES;
        let length = f64::from(width - NAMES - FIGURES);
        let x = |ratio: f64| zero + (ratio.min(most) / most * length).round() as i32;
        let (first, last) = (top + TITLE, top + TITLE + self.bars.len() as i32 * STEP);
        for (bar, y) in self.bars.iter().zip((first..last).step_by(STEP as usize)) {
            bar.draw(area, y + STEP / 2, zero, &x)?;
        }
        let one = vec![(x(1.0), first), (x(1.0), last)];
        area.draw(&PathElement::new(one, FAINT.stroke_width(1)))?;
        Ok(())
    }
}

impl Bar {
    fn draw(
        &self,
        area: &Area<'_>,
        y: i32,
        zero: i32,
        x: &impl Fn(f64) -> i32,
    ) -> Result<(), Box<dyn Error>> {
        write(area, title(self.contender), (zero - 8, y), (14, INK), HPos::Right)?;
        let Some(Spread { median, least, most }) = self.ratio else {
            return write(area, "not measured", (zero + 6, y), (13, FAINT), HPos::Left);
        };
        let (upper, lower) = (y - THICKNESS / 2, y + THICKNESS / 2);
        let bar = [(zero, upper), (x(median), lower)];
        area.draw(&Rectangle::new(bar, self.colour().filled()))?;
        let range = vec![(x(least), y), (x(most), y)];
        area.draw(&PathElement::new(range, INK.stroke_width(1)))?;
        let end = x(median).max(x(most)) + 6;
        write(area, &fixed(median, 2), (end, y), (14, INK), HPos::Left)
    }

    fn colour(&self) -> RGBColor {
        match self.contender {
            Contender::Weir => WEIR,
            Contender::Bare | Contender::BarePlain => PINGORA,
            _ => OTHER,
        }
    }
}
