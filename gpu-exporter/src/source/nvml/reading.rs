//! Everything that one GPU tells, put together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::fields::{Field, Numbering, Told, Values};
use super::kept::Kept;
use super::library::{Device, Library, Sample};
use super::number::{Domain, Number};
use super::refusal::Refusal;
use super::support::{Stop, Support};
use super::{processes, throttle};
use crate::snapshot::{
    Activity, Clocks, Ecc, GpuError, Memory, Nvlink, Pcie, Power, Process, Reading, Temperature,
    Utilization,
};

/// NVLinks of one GPU, at most.
pub(super) const MOST_LINKS: u32 = 18;

/// One GPU that is asked, and what is kept of it between reads.
pub(super) struct Reader<'a> {
    pub(super) device: Device<'a>,
    pub(super) support: &'a mut Support,
    /// Of performance monitoring, at the read before. The loop alone takes samples, so that activity is
    /// that of the time between two reads, however many scrape.
    pub(super) sample: &'a mut Option<Sample>,
    /// NVLinks that it has, or may have.
    pub(super) links: &'a mut u32,
    pub(super) wraps: Wraps<'a>,
}

/// Whose counters these are, and in which opening.
#[derive(Clone, Copy)]
pub(super) struct Wraps<'a> {
    pub(super) kept: &'a Kept,
    pub(super) opening: u64,
    pub(super) uuid: &'a str,
}

impl Wraps<'_> {
    /// All bits of what was told; nothing if that is not known.
    fn whole(&self, field: Field, told: Told) -> Option<u64> {
        match u32::try_from(told.number) {
            Ok(low) if told.narrow && field.may_wrap() => {
                self.kept.unwrapped(self.opening, self.uuid, field, low)
            }
            _ => Some(told.number),
        }
    }
}

impl Reader<'_> {
    pub(super) fn read(
        mut self,
        library: &Arc<Library>,
        numbering: Numbering,
    ) -> Result<Reading, Stop> {
        let values = self.values(numbering)?;
        let reading = Reading {
            utilization: self.utilization()?,
            memory: self.memory()?,
            temperature: self.temperature(&values)?,
            power: self.power(&values)?,
            clocks: self.clocks(&values)?,
            ecc: self.ecc(&values)?,
            pcie: self.pcie(&values)?,
            nvlink: self.nvlink(&values)?,
            processes: self.processes()?,
            processes_unresolved: None,
            recovery_action: values.small(Field::RecoveryAction),
            activity: self.activity(library)?,
        };
        match self.support.all_failed() {
            Some(_) => Err(Stop::Gpu(GpuError::Failed)),
            None => Ok(reading),
        }
    }

    fn number(&mut self, which: Number) -> Result<Option<u64>, Stop> {
        self.support.ask(which.name(), || self.device.number(which))
    }

    /// A number too large for its place is none that is known.
    fn small(&mut self, which: Number) -> Result<Option<u32>, Stop> {
        Ok(self.number(which)?.and_then(|number| number.try_into().ok()))
    }

    fn values(&mut self, numbering: Numbering) -> Result<Values, Stop> {
        let name = |field: Field| field.id(numbering).1;
        let mut asked = Field::ALL.to_vec();
        asked.retain(|&field| field.has_id(numbering) && !self.support.lacks(name(field)));
        let mut values = Values::default();
        if asked.is_empty() {
            return Ok(values);
        }
        let answers = self.support.ask("field values", || self.device.values(&asked, numbering))?;
        for (field, answer) in asked.into_iter().zip(answers.into_iter().flatten()) {
            let told = self.support.note(name(field), answer)?;
            if let Some(value) = told.and_then(|told| self.wraps.whole(field, told)) {
                values.insert(field, value);
            }
        }
        Ok(values)
    }

    fn utilization(&mut self) -> Result<Utilization, Stop> {
        let busy = self.support.ask("utilization", || self.device.busy())?;
        Ok(Utilization {
            gpu: busy.map(|(gpu, _)| gpu),
            memory: busy.map(|(_, memory)| memory),
            encoder: self.small(Number::EncoderUtilization)?,
            decoder: self.small(Number::DecoderUtilization)?,
        })
    }

    fn memory(&mut self) -> Result<Option<Memory>, Stop> {
        const NEWER: &str = "memory with what is reserved";
        let memory = self.support.ask(NEWER, || self.device.memory())?;
        if memory.is_some() || !self.support.lacks(NEWER) {
            return Ok(memory);
        }
        self.support.ask("memory", || self.device.memory_before_reserved())
    }

    fn temperature(&mut self, values: &Values) -> Result<Temperature, Stop> {
        Ok(Temperature {
            gpu: self.small(Number::Temperature)?,
            memory: values.small(Field::MemoryTemperature),
            slowdown: self.small(Number::TemperatureSlowdown)?,
            shutdown: self.small(Number::TemperatureShutdown)?,
            max_operating: self.small(Number::TemperatureMaxOperating)?,
            memory_max: self.small(Number::TemperatureMemoryMax)?,
        })
    }

    fn power(&mut self, values: &Values) -> Result<Power, Stop> {
        let limits = self.support.ask("power limits", || self.device.power_limits())?;
        Ok(Power {
            usage: self.small(Number::PowerUsage)?,
            instant: values.small(Field::PowerInstant),
            limit: self.small(Number::PowerLimit)?,
            limit_default: self.small(Number::PowerLimitDefault)?,
            limit_min: limits.map(|(min, _)| min),
            limit_max: limits.map(|(_, max)| max),
            energy: self.number(Number::Energy)?,
        })
    }

    fn clocks(&mut self, values: &Values) -> Result<Clocks, Stop> {
        let (mut current, mut max) = (BTreeMap::new(), BTreeMap::new());
        for (name, domain) in Domain::ALL {
            current.extend(self.small(Number::Clock(domain))?.map(|clock| (name, clock)));
            max.extend(self.small(Number::ClockMax(domain))?.map(|clock| (name, clock)));
        }
        Ok(Clocks {
            current,
            max,
            reasons: self.number(Number::ThrottleReasons)?.map(throttle::reasons),
            reason_time: values.named(&throttle::TIMES),
            performance_state: self.small(Number::PerformanceState)?,
        })
    }

    fn ecc(&mut self, values: &Values) -> Result<Ecc, Stop> {
        let mut errors =
            |uncorrected, aggregate| self.number(Number::EccErrors { uncorrected, aggregate });
        Ok(Ecc {
            corrected_volatile: errors(false, false)?,
            uncorrected_volatile: errors(true, false)?,
            corrected_aggregate: errors(false, true)?,
            uncorrected_aggregate: errors(true, true)?,
            enabled: self.number(Number::EccEnabled)?.map(|enabled| enabled != 0),
            remapped_correctable: values.small(Field::RemappedCorrectable),
            remapped_uncorrectable: values.small(Field::RemappedUncorrectable),
            remapping_pending: values.flag(Field::RemappingPending),
            remapping_failed: values.flag(Field::RemappingFailed),
        })
    }

    fn pcie(&mut self, values: &Values) -> Result<Pcie, Stop> {
        Ok(Pcie {
            transmitted: values.get(Field::PcieTransmitted),
            received: values.get(Field::PcieReceived),
            replays: self.small(Number::PcieReplays)?,
            generation: self.small(Number::PcieGeneration)?,
            generation_max: self.small(Number::PcieGenerationMax)?,
            width: self.small(Number::PcieWidth)?,
            width_max: self.small(Number::PcieWidthMax)?,
        })
    }

    fn nvlink(&mut self, values: &Values) -> Result<Nvlink, Stop> {
        Ok(Nvlink {
            links_active: self.links_active()?,
            transmitted: values.bytes_of_kib(Field::NvlinkTransmitted),
            received: values.bytes_of_kib(Field::NvlinkReceived),
            errors: values.named(&[
                ("replay", Field::NvlinkReplay),
                ("recovery", Field::NvlinkRecovery),
                ("crc_flit", Field::NvlinkCrcFlit),
                ("crc_data", Field::NvlinkCrcData),
                ("ecc_data", Field::NvlinkEccData),
            ]),
        })
    }

    /// Nothing if there are none, or if one of them does not say.
    fn links_active(&mut self) -> Result<Option<u32>, Stop> {
        let mut active = 0;
        for link in 0..*self.links {
            self.support.asking("NVLink state");
            let up = match self.device.link_is_up(link) {
                Err(Refusal::Unsupported) => {
                    *self.links = link;
                    break;
                }
                up => self.support.note("NVLink state", up)?,
            };
            let Some(up) = up else { return Ok(None) };
            active += u32::from(up);
        }
        Ok((*self.links > 0).then_some(active))
    }

    fn processes(&mut self) -> Result<Option<Vec<Process>>, Stop> {
        let listed = self.support.ask("processes", || self.device.processes())?;
        let since = processes::since(SystemTime::now());
        let used = self.support.ask("use by processes", || self.device.used(since))?;
        Ok(listed.map(|listed| processes::merge(listed, used)))
    }

    fn activity(&mut self, library: &Arc<Library>) -> Result<Activity, Stop> {
        let activity = || self.device.activity(library, self.sample);
        Ok(self.support.ask("performance monitoring", activity)?.unwrap_or_default())
    }
}
