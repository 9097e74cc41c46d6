//! Samples of one GPU.

use weir_families::{Families, Label, Metric, Value};

use crate::snapshot::Identity;

/// Adds samples with the labels of a GPU.
#[derive(Debug)]
pub(super) struct OfGpu<'a> {
    families: &'a mut Families,
    uuid: &'a str,
    index: String,
}

impl<'a> OfGpu<'a> {
    /// Samples of this GPU.
    pub(super) fn new(families: &'a mut Families, gpu: &'a Identity) -> Self {
        Self { families, uuid: &gpu.uuid, index: gpu.index.to_string() }
    }

    /// A sample, unless its value is not known.
    pub(super) fn add(&mut self, metric: &Metric, value: impl Value) {
        self.add_with(metric, &[], value);
    }

    /// The same with more labels.
    pub(super) fn add_with(&mut self, metric: &Metric, labels: &[Label<'_>], value: impl Value) {
        let mut all = vec![("uuid", self.uuid), ("gpu", self.index.as_str())];
        all.extend_from_slice(labels);
        self.families.add(metric, &all, value);
    }
}
