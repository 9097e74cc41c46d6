//! What the exporter reads is what `nvidia-smi` says, on a machine that has it. Elsewhere this says that it
//! was skipped; what does not need a GPU is tested everywhere.

use std::io::{Write, stderr};
use std::process::Command;
use std::sync::Arc;

use weir_gpu_exporter::snapshot::{Gpu, Reading, Snapshot};
use weir_gpu_exporter::source::nvml;

/// What `nvidia-smi` is asked, in this order.
const QUERY: &str = "uuid,index,name,serial,vbios_version,pci.bus_id,pstate,memory.total,memory.used,\
    memory.free,memory.reserved,temperature.gpu,temperature.memory,power.draw,enforced.power.limit,\
    utilization.gpu,clocks.sm,clocks.max.sm,pcie.link.gen.max,pcie.link.width.max,\
    ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total";

/// A number of ours, and by how much it may differ: it moves between two looks at it.
struct Number {
    name: &'static str,
    of: fn(&Reading) -> Option<f64>,
    tolerance: f64,
}

const fn number(name: &'static str, tolerance: f64, of: fn(&Reading) -> Option<f64>) -> Number {
    Number { name, of, tolerance }
}

/// In the units of `nvidia-smi`: MiB, °C, W, %, MHz.
const NUMBERS: [Number; 15] = [
    number("memory.total", 1.0, |it| it.memory.map(|memory| mib(memory.total))),
    number("memory.used", 256.0, |it| it.memory.map(|memory| mib(memory.used))),
    number("memory.free", 256.0, |it| it.memory.map(|memory| mib(memory.free))),
    number("memory.reserved", 64.0, |it| it.memory.and_then(|memory| memory.reserved).map(mib)),
    number("temperature.gpu", 3.0, |it| it.temperature.gpu.map(f64::from)),
    number("temperature.memory", 3.0, |it| it.temperature.memory.map(f64::from)),
    number("power.draw", 100.0, |it| {
        it.power.usage.map(|milliwatts| f64::from(milliwatts) / 1000.0)
    }),
    number("enforced.power.limit", 0.01, |it| {
        it.power.limit.map(|milliwatts| f64::from(milliwatts) / 1000.0)
    }),
    number("utilization.gpu", 50.0, |it| it.utilization.gpu.map(f64::from)),
    number("clocks.sm", 300.0, |it| it.clocks.current.get("sm").copied().map(f64::from)),
    number("clocks.max.sm", 0.0, |it| it.clocks.max.get("sm").copied().map(f64::from)),
    number("pcie.link.gen.max", 0.0, |it| it.pcie.generation_max.map(f64::from)),
    number("pcie.link.width.max", 0.0, |it| it.pcie.width_max.map(f64::from)),
    number("ecc.errors.corrected.volatile.total", 0.0, |it| {
        it.ecc.corrected_volatile.map(|errors| errors as f64)
    }),
    number("ecc.errors.uncorrected.volatile.total", 0.0, |it| {
        it.ecc.uncorrected_volatile.map(|errors| errors as f64)
    }),
];

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[test]
fn readings_are_those_of_nvidia_smi() {
    let Some(table) = nvidia_smi() else {
        // Not `eprintln!`, which tests keep to themselves when they pass.
        writeln!(stderr(), "skipped: no nvidia-smi that works").unwrap();
        return;
    };
    let mut source = nvml::opener(None, &Arc::default())(&Arc::default())
        .expect("nvidia-smi works, so the driver can be opened");
    let before = source.read().unwrap();
    let table = nvidia_smi().unwrap_or(table);
    let after = source.read().unwrap();
    let differences = differences(&table, &before, &after);
    assert!(differences.is_empty(), "{}\n{table}", differences.join("\n"));
}

/// Its table; nothing if there is no such program, or no driver.
fn nvidia_smi() -> Option<String> {
    let query = format!("--query-gpu={QUERY}");
    let output =
        Command::new("nvidia-smi").args([&query, "--format=csv,noheader,nounits"]).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the table says otherwise than both readings, which were taken before and after it.
fn differences(table: &str, before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let mut differences = Vec::new();
    let rows: Vec<Vec<&str>> =
        table.lines().map(|row| row.split(',').map(str::trim).collect()).collect();
    if rows.len() != before.gpus.len() {
        differences.push(format!("GPUs: {} there, {} here", rows.len(), before.gpus.len()));
    }
    for row in &rows {
        let find = |snapshot: &Snapshot| {
            snapshot.gpus.iter().find(|gpu| gpu.identity.uuid == row[0]).cloned()
        };
        match (find(before), find(after)) {
            (Some(before), Some(after)) => differences.extend(of_gpu(row, &before, &after)),
            _ => differences.push(format!("{}: not read", row[0])),
        }
    }
    differences
}

fn of_gpu(row: &[&str], before: &Gpu, after: &Gpu) -> Vec<String> {
    let (Ok(first), Ok(second)) = (&before.reading, &after.reading) else {
        return vec![format!("{}: {:?}, {:?}", row[0], before.reading, after.reading)];
    };
    let identity = &before.identity;
    let pstate = |it: &Reading| it.clocks.performance_state.map(|state| format!("P{state}"));
    let index = Some(identity.index.to_string());
    let texts = [
        ("index", row[1], [&index, &index]),
        ("name", row[2], [&identity.name, &identity.name]),
        ("serial", row[3], [&identity.serial, &identity.serial]),
        ("vbios_version", row[4], [&identity.vbios, &identity.vbios]),
        ("pci.bus_id", row[5], [&identity.pci_bus_id, &identity.pci_bus_id]),
        ("pstate", row[6], [&pstate(first), &pstate(second)]),
    ];
    let mut wrong = Vec::new();
    for (name, theirs, ours) in texts {
        if ours.iter().all(|ours| ours.as_deref() != known(theirs)) {
            wrong.push(format!("{}: {name}: {theirs} there, {ours:?} here", row[0]));
        }
    }
    for (number, theirs) in NUMBERS.iter().zip(&row[7..]) {
        let ours = [(number.of)(first), (number.of)(second)];
        let theirs = known(theirs).and_then(|text| text.parse::<f64>().ok());
        if !agree(theirs, ours, number.tolerance) {
            wrong.push(format!("{}: {}: {theirs:?} there, {ours:?} here", row[0], number.name));
        }
    }
    wrong
}

/// What can't be told there must not be told here, nor the other way round.
fn agree(theirs: Option<f64>, ours: [Option<f64>; 2], tolerance: f64) -> bool {
    match (theirs, ours) {
        (None, ours) => ours.contains(&None),
        (Some(theirs), [Some(one), Some(other)]) => {
            (one.min(other) - tolerance..=one.max(other) + tolerance).contains(&theirs)
        }
        (Some(_), _) => false,
    }
}

/// Such as `[N/A]`, `[Not Supported]`, `N/A`.
fn known(text: &str) -> Option<&str> {
    (!text.contains("N/A") && !text.contains("Not Supported")).then_some(text)
}

mod without_a_gpu {
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    use weir_gpu_exporter::snapshot::{GpuError, Identity, Memory};

    use super::*;

    /// In the form of `nvidia-smi --format=csv,noheader,nounits`; made up.
    const TABLE: &str = "GPU-1, 0, NVIDIA H200, 165, 96.00, 00000000:18:00.0, P0, 143771, 1000, 142000, \
        [N/A], 40, N/A, 300.55, 700.00, 90, [Not Supported], N/A, 5, 16, 0, 0\n";

    fn snapshot(change: impl FnOnce(&mut Reading)) -> Snapshot {
        let text = |text: &str| Some(text.to_owned());
        let identity = Identity {
            uuid: "GPU-1".to_owned(),
            index: 0,
            name: text("NVIDIA H200"),
            serial: text("165"),
            vbios: text("96.00"),
            pci_bus_id: text("00000000:18:00.0"),
        };
        let mut reading = Reading::default();
        let mib = |mib: u64| mib << 20;
        let (total, used, free) = (mib(143_771), mib(1000), mib(142_000));
        reading.memory = Some(Memory { total, used, free, reserved: None });
        reading.temperature.gpu = Some(41);
        reading.power.usage = Some(310_000);
        reading.power.limit = Some(700_000);
        reading.utilization.gpu = Some(88);
        (reading.pcie.generation_max, reading.pcie.width_max) = (Some(5), Some(16));
        (reading.ecc.corrected_volatile, reading.ecc.uncorrected_volatile) = (Some(0), Some(0));
        reading.clocks.performance_state = Some(0);
        change(&mut reading);
        let gpu = Gpu { identity, xids: BTreeMap::new(), xid_watched: None, reading: Ok(reading) };
        Snapshot { taken: SystemTime::UNIX_EPOCH, driver: None, gpus: vec![gpu] }
    }

    fn found(snapshot: &Snapshot) -> Vec<String> {
        differences(TABLE, snapshot, snapshot)
    }

    #[test]
    fn the_same_numbers_agree_within_what_may_move() {
        assert_eq!(found(&snapshot(|_| {})), Vec::<String>::new());
    }

    #[test]
    fn another_number_is_found_and_named() {
        let hotter = found(&snapshot(|reading| reading.temperature.gpu = Some(80)));
        assert_eq!(
            hotter,
            ["GPU-1: temperature.gpu: Some(40.0) there, [Some(80.0), Some(80.0)] here"]
        );
        assert_eq!(found(&snapshot(|reading| reading.clocks.performance_state = Some(8))).len(), 1);
    }

    #[test]
    fn what_one_side_can_not_tell_the_other_must_not_either() {
        assert_eq!(found(&snapshot(|reading| reading.temperature.memory = Some(0))).len(), 1);
        assert_eq!(found(&snapshot(|reading| reading.pcie.width_max = None)).len(), 1);
    }

    #[test]
    fn a_gpu_that_is_missing_or_lost_is_found() {
        let mut lost = snapshot(|_| {});
        lost.gpus[0].reading = Err(GpuError::Lost);
        assert_eq!(found(&lost).len(), 1);
        lost.gpus.clear();
        assert_eq!(found(&lost).len(), 2);
    }

    #[test]
    fn every_column_that_is_asked_for_is_compared() {
        let columns: Vec<&str> = QUERY.split(',').map(str::trim).collect();
        assert_eq!(columns.len(), 7 + NUMBERS.len());
        let numbers: Vec<&str> = NUMBERS.iter().map(|number| number.name).collect();
        assert_eq!(columns[7..], numbers);
    }
}
