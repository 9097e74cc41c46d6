//! The driver's library, `libnvidia-ml.so.1`: the only file that names NVML, and the only one
//! with unsafe code. It hands out plain numbers and, for each call that gave none, a [`Refusal`].
//!
//! Of the wrapper's calls, two are never made: `pcie_throughput`, which blocks for 20 ms each way and GPU,
//! and `field_values_for`, which asks every field of link 0 only.
#![allow(unsafe_code, reason = "NVML is a C library; some of its calls have no safe wrapper")]

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enum_wrappers::device::{
    Clock, EccCounter, MemoryError, PerformanceState, TemperatureSensor, TemperatureThreshold,
};
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::gpm::gpm_metrics_get;
use nvml_wrapper::{EventSet, GpmSample, Nvml};
use nvml_wrapper_sys::bindings as sys;

use super::fields::{Field, Numbering, Told};
use super::number::{Domain, Number};
use super::processes::Use;
use super::refusal::Refusal;
use crate::snapshot::{Activity, Driver, Identity, Memory};
use crate::source::SourceError;

/// Loaded and initialised. Shut down when the last of its users has dropped it.
pub(super) struct Library(Nvml);

impl Library {
    pub(super) fn open(name: &Path) -> Result<Self, SourceError> {
        match Nvml::builder().lib_path(name.as_os_str()).init() {
            Ok(nvml) => Ok(Self(nvml)),
            Err(NvmlError::LibloadingError(error)) => Err(SourceError::LibraryNotFound {
                library: name.display().to_string(),
                detail: error.to_string(),
            }),
            Err(error) => Err(unopened("initialising NVML", error)),
        }
    }

    pub(super) fn gpus(&self) -> Result<u32, SourceError> {
        self.0.device_count().map_err(|error| unopened("counting the GPUs", error))
    }

    pub(super) fn driver(&self) -> Driver {
        // 13000 is 13.0.
        let cuda = |version: i32| format!("{}.{}", version / 1000, version % 1000 / 10);
        Driver {
            version: self.0.sys_driver_version().ok(),
            cuda: self.0.sys_cuda_driver_version().ok().map(cuda),
        }
    }

    /// Its handle is asked for each time, so that none goes stale.
    pub(super) fn device(&self, index: u32) -> Result<Device<'_>, Refusal> {
        Ok(Device(self.0.device_by_index(index).map_err(refusal)?))
    }
}

/// One GPU.
pub(super) struct Device<'lib>(nvml_wrapper::Device<'lib>);

impl Device<'_> {
    /// A string that is not UTF-8 is one that is not known.
    pub(super) fn identity(&self, index: u32) -> Identity {
        Identity {
            uuid: self.0.uuid().unwrap_or_default(),
            index,
            name: self.0.name().ok(),
            serial: self.0.serial().ok(),
            vbios: self.0.vbios_version().ok(),
            pci_bus_id: self.0.pci_info().ok().map(|pci| pci.bus_id),
        }
    }

    pub(super) fn number(&self, which: Number) -> Result<u64, Refusal> {
        use TemperatureThreshold::{GpuMax, MemoryMax, Shutdown, Slowdown};
        let gpu = &self.0;
        let small = match which {
            Number::Energy => return gpu.total_energy_consumption().map_err(refusal),
            Number::EccErrors { uncorrected, aggregate } => {
                let error =
                    if uncorrected { MemoryError::Uncorrected } else { MemoryError::Corrected };
                let since = if aggregate { EccCounter::Aggregate } else { EccCounter::Volatile };
                return gpu.total_ecc_errors(error, since).map_err(refusal);
            }
            Number::ThrottleReasons => {
                return gpu.current_throttle_reasons().map(|all| all.bits()).map_err(refusal);
            }
            Number::EncoderUtilization => gpu.encoder_utilization().map(|it| it.utilization),
            Number::DecoderUtilization => gpu.decoder_utilization().map(|it| it.utilization),
            Number::Temperature => gpu.temperature(TemperatureSensor::Gpu),
            Number::TemperatureSlowdown => gpu.temperature_threshold(Slowdown),
            Number::TemperatureShutdown => gpu.temperature_threshold(Shutdown),
            Number::TemperatureMaxOperating => gpu.temperature_threshold(GpuMax),
            Number::TemperatureMemoryMax => gpu.temperature_threshold(MemoryMax),
            Number::PowerUsage => gpu.power_usage(),
            Number::PowerLimit => gpu.enforced_power_limit(),
            Number::PowerLimitDefault => gpu.power_management_limit_default(),
            Number::Clock(domain) => gpu.clock_info(clock(domain)),
            Number::ClockMax(domain) => gpu.max_clock_info(clock(domain)),
            Number::PerformanceState => match gpu.performance_state() {
                Ok(PerformanceState::Unknown) => Err(NvmlError::NotSupported),
                state => state.map(|state| state.as_c()),
            },
            Number::EccEnabled => gpu.is_ecc_enabled().map(|mode| mode.currently_enabled.into()),
            Number::PcieReplays => gpu.pcie_replay_counter(),
            Number::PcieGeneration => gpu.current_pcie_link_gen(),
            Number::PcieGenerationMax => gpu.max_pcie_link_gen(),
            Number::PcieWidth => gpu.current_pcie_link_width(),
            Number::PcieWidthMax => gpu.max_pcie_link_width(),
        };
        small.map(u64::from).map_err(refusal)
    }

    /// Percent of time in which a kernel ran, and in which memory was used.
    pub(super) fn busy(&self) -> Result<(u32, u32), Refusal> {
        self.0.utilization_rates().map(|rates| (rates.gpu, rates.memory)).map_err(refusal)
    }

    pub(super) fn memory(&self) -> Result<Memory, Refusal> {
        let it = self.0.memory_info().map_err(refusal)?;
        Ok(Memory { total: it.total, used: it.used, free: it.free, reserved: Some(it.reserved) })
    }

    /// The call as older drivers have it, in which `used` holds what is reserved too.
    pub(super) fn memory_before_reserved(&self) -> Result<Memory, Refusal> {
        let call =
            nvml_sym(self.0.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref()).map_err(refusal)?;
        let mut info = sys::nvmlMemory_t { total: 0, free: 0, used: 0 };
        // SAFETY: the handle is of the library that is asked, and `info` is what the call fills.
        nvml_try(unsafe { call(self.0.handle(), &raw mut info) }).map_err(refusal)?;
        Ok(Memory { total: info.total, used: info.used, free: info.free, reserved: None })
    }

    /// The lowest and the highest limit that can be set.
    pub(super) fn power_limits(&self) -> Result<(u32, u32), Refusal> {
        let limits = self.0.power_management_limit_constraints().map_err(refusal)?;
        Ok((limits.min_limit, limits.max_limit))
    }

    /// All `fields` by one call.
    pub(super) fn values(
        &self,
        fields: &[Field],
        numbering: Numbering,
    ) -> Result<Vec<Result<Told, Refusal>>, Refusal> {
        let call =
            nvml_sym(self.0.nvml().lib().nvmlDeviceGetFieldValues.as_ref()).map_err(refusal)?;
        let asked = |field: &Field| sys::nvmlFieldValue_t {
            fieldId: field.id(numbering).0,
            scopeId: field.scope(),
            timestamp: 0,
            latencyUsec: 0,
            valueType: 0,
            nvmlReturn: 0,
            value: sys::nvmlValue_t { ullVal: 0 },
        };
        let mut values: Vec<_> = fields.iter().map(asked).collect();
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        // SAFETY: the handle is of the library that is asked, and `values` holds `count` or more.
        nvml_try(unsafe { call(self.0.handle(), count, values.as_mut_ptr()) }).map_err(refusal)?;
        Ok(values.iter().map(value).collect())
    }

    /// Whether an NVLink is up; not supported: there is no such link.
    pub(super) fn link_is_up(&self, link: u32) -> Result<bool, Refusal> {
        self.0.link_wrapper_for(link).is_active().map_err(|error| match error {
            NvmlError::InvalidArg => Refusal::Unsupported,
            error => refusal(error),
        })
    }

    /// Processes with a compute context and their memory.
    pub(super) fn processes(&self) -> Result<Vec<(u32, Option<u64>)>, Refusal> {
        let list = match self.0.running_compute_processes() {
            // More processes came than there was room for.
            Err(NvmlError::InsufficientSize(_)) => self.0.running_compute_processes(),
            // A driver before 510.
            Err(NvmlError::FailedToLoadSymbol(_) | NvmlError::FunctionNotFound) => {
                self.0.running_compute_processes_v2()
            }
            list => list,
        };
        let memory = |memory| match memory {
            UsedGpuMemory::Used(bytes) => Some(bytes),
            UsedGpuMemory::Unavailable => None,
        };
        let list = list.map_err(refusal)?.into_iter();
        Ok(list.map(|process| (process.pid, memory(process.used_gpu_memory))).collect())
    }

    /// What processes used `since` then, in microseconds since 1970.
    pub(super) fn used(&self, since: u64) -> Result<Vec<Use>, Refusal> {
        let samples = match self.0.process_utilization_stats(since) {
            // Nobody used it.
            Err(NvmlError::NotFound) => Vec::new(),
            samples => samples.map_err(refusal)?,
        };
        let used = samples.into_iter();
        Ok(used.map(|one| Use { pid: one.pid, at: one.timestamp, sm: one.sm_util }).collect())
    }

    /// What the GPU did since `before`, which is replaced; nothing is known the first time.
    pub(super) fn activity(
        &self,
        library: &Arc<Library>,
        before: &mut Option<Sample>,
    ) -> Result<Activity, Refusal> {
        if before.is_none() && !self.0.gpm_support().map_err(refusal)? {
            return Err(Refusal::Unsupported);
        }
        let now = self.0.gpm_sample().map_err(refusal)?;
        let now = Sample { library: Arc::clone(library), sample: now.into_handle() };
        let before = before.replace(now).zip(before.as_ref());
        before.map_or_else(|| Ok(Activity::default()), |(before, now)| now.since(&before))
    }
}

/// A sample of performance monitoring (GPM). Two of them say what went on between them.
pub(super) struct Sample {
    library: Arc<Library>,
    sample: sys::nvmlGpmSample_t,
}

// SAFETY: the sample is memory of NVML's that belongs to no thread; it is used by one at a time.
unsafe impl Send for Sample {}

impl Sample {
    fn since(&self, before: &Self) -> Result<Activity, Refusal> {
        use GpmMetricId as Id;
        const PIPES: [Id; 3] = [Id::Fp64Util, Id::Fp32Util, Id::Fp16Util];
        const OTHERS: [Id; 5] =
            [Id::GraphicsUtil, Id::SmUtil, Id::SmOccupancy, Id::AnyTensorUtil, Id::DramBwUtil];
        let metrics = [&OTHERS[..], &PIPES].concat();
        let metrics = gpm_metrics_get(&self.library.0, &before.borrow(), &self.borrow(), &metrics);
        // In the order in which they were asked.
        let mut metrics = metrics.map_err(refusal)?.into_iter();
        let mut next = || Some(metrics.next()?.ok()?.value).filter(|value| value.is_finite());
        Ok(Activity {
            graphics: next(),
            sm: next(),
            sm_occupancy: next(),
            tensor: next(),
            dram: next(),
            fp64: next(),
            fp32: next(),
            fp16: next(),
        })
    }

    /// Not to be freed by the borrower.
    fn borrow(&self) -> ManuallyDrop<GpmSample<'_>> {
        // SAFETY: the handle came from this library, and is freed by `drop` alone.
        ManuallyDrop::new(unsafe { GpmSample::from_handle(&self.library.0, self.sample) })
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        drop(ManuallyDrop::into_inner(self.borrow()));
    }
}

const fn clock(domain: Domain) -> Clock {
    match domain {
        Domain::Graphics => Clock::Graphics,
        Domain::Sm => Clock::SM,
        Domain::Memory => Clock::Memory,
        Domain::Video => Clock::Video,
    }
}

/// All that is asked are whole numbers, never negative; what is not, is not known.
fn value(field: &sys::nvmlFieldValue_t) -> Result<Told, Refusal> {
    nvml_try(field.nvmlReturn).map_err(|error| match error {
        // An id that this driver does not know yet.
        NvmlError::InvalidArg => Refusal::Unsupported,
        error => refusal(error),
    })?;
    let value = &field.value;
    // SAFETY: NVML says which member it has filled; all of them are numbers.
    let value = unsafe {
        match field.valueType {
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT => Some(value.uiVal.into()),
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG => Some(value.ulVal),
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG => Some(value.ullVal),
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_SIGNED_LONG_LONG => {
                value.sllVal.try_into().ok()
            }
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_SIGNED_INT => value.siVal.try_into().ok(),
            sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_SHORT => Some(value.usVal.into()),
            _ => None,
        }
    };
    let narrow = field.valueType == sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT;
    value
        .map(|number| Told { number, narrow })
        .ok_or_else(|| Refusal::Passing(format!("no number of a known kind ({})", field.valueType)))
}

fn unopened(call: &'static str, error: NvmlError) -> SourceError {
    let said = error.to_string();
    Refusal::of_source(code(error), call, said)
}

fn refusal(error: NvmlError) -> Refusal {
    let said = error.to_string();
    Refusal::of(code(error), said)
}

fn code(error: NvmlError) -> u32 {
    match error {
        NvmlError::FailedToLoadSymbol(_) => sys::nvmlReturn_enum_NVML_ERROR_FUNCTION_NOT_FOUND,
        error => error.into(),
    }
}

/// What came of an attempt at listening; GPUs by index.
pub(super) struct Listening<'lib> {
    /// Of those that are listened to; nothing if there are none.
    pub(super) events: Option<Events<'lib>>,
    /// Those that can't be listened to now, and why.
    pub(super) deaf: Vec<(u32, String)>,
    /// Those that tell of no XIDs.
    pub(super) never: Vec<u32>,
}

impl Listening<'_> {
    fn refused(&mut self, gpu: u32, why: &Refusal) {
        match why {
            Refusal::Unsupported => self.never.push(gpu),
            Refusal::Passing(detail) => self.deaf.push((gpu, detail.clone())),
            Refusal::NotAllowed => self.deaf.push((gpu, "not permitted".to_owned())),
            Refusal::Gpu(error) => self.deaf.push((gpu, error.as_str().to_owned())),
            Refusal::Source(error) => self.deaf.push((gpu, error.to_string())),
        }
    }
}

impl Library {
    /// Listens to those of `gpus`, by index, that can tell of XIDs.
    pub(super) fn listen(&self, gpus: &[u32]) -> Listening<'_> {
        let mut listening = Listening { events: None, deaf: Vec::new(), never: Vec::new() };
        let mut devices = Vec::new();
        for &gpu in gpus {
            let device = self.0.device_by_index(gpu);
            let types = device.and_then(|device| Ok((device.supported_event_types()?, device)));
            match types {
                Ok((types, device)) if types.contains(EventTypes::CRITICAL_XID_ERROR) => {
                    devices.push((gpu, device));
                }
                Ok(_) => listening.never.push(gpu),
                Err(error) => listening.refused(gpu, &refusal(error)),
            }
        }
        // A set is lost when a GPU can't be added to it: another one is made without that GPU.
        while !devices.is_empty() {
            match self.register(&devices) {
                Ok(set) => {
                    // SAFETY: the handle is only compared, never used.
                    let handle = |device: &nvml_wrapper::Device<'_>| unsafe { device.handle() };
                    let gpus =
                        devices.iter().map(|(gpu, it)| (handle(it) as usize, *gpu)).collect();
                    listening.events = Some(Events { set, gpus });
                    break;
                }
                Err((Some(refused), why)) => {
                    let (gpu, _) = devices.remove(refused);
                    listening.refused(gpu, &why);
                }
                Err((None, why)) => {
                    devices.drain(..).for_each(|(gpu, _)| listening.refused(gpu, &why));
                }
            }
        }
        listening
    }

    /// The set, or which of `devices` can't be in it, or none, and why.
    fn register<'lib>(
        &'lib self,
        devices: &[(u32, nvml_wrapper::Device<'lib>)],
    ) -> Result<EventSet<'lib>, (Option<usize>, Refusal)> {
        let mut set = self.0.create_event_set().map_err(|error| (None, refusal(error)))?;
        for (at, (_, device)) in devices.iter().enumerate() {
            set = device
                .register_events(EventTypes::CRITICAL_XID_ERROR, set)
                .map_err(|refused| (Some(at), refusal(refused.error)))?;
        }
        Ok(set)
    }
}

/// XIDs as they come.
pub(super) struct Events<'lib> {
    set: EventSet<'lib>,
    /// Index by handle.
    gpus: Vec<(usize, u32)>,
}

impl Events<'_> {
    /// The index of a GPU and a code, if one comes in time. Of several that wait, all have the code of the
    /// last: the driver keeps no more.
    pub(super) fn wait(&self, time: Duration) -> Result<Option<(u32, u64)>, String> {
        let event = match self.set.wait(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)) {
            Ok(event) => event,
            Err(NvmlError::Timeout) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        // SAFETY: the handle is only compared, never used.
        let handle = unsafe { event.device.handle() } as usize;
        // A GPU that has just been lost may no longer say its index.
        let known = self.gpus.iter().find(|(known, _)| *known == handle).map(|(_, gpu)| *gpu);
        let gpu = known.or_else(|| event.device.index().ok());
        let code = event.event_data.map(|xid| match xid {
            XidError::Value(code) => code,
            XidError::Unknown => 999,
        });
        Ok(gpu.zip(code))
    }
}
