use super::*;

fn place(rustc: &str, processor: &str) -> Place {
    let [rustc, processor, libc] = [rustc, processor, "glibc 2.36"].map(str::to_owned);
    Place { rustc, processor, libc }
}

fn recorded(works: &[(&str, u64)]) -> Record {
    let instructions = counted(works).into_iter().collect();
    Record { place: place("1.95.0", "x86_64 with AVX2"), instructions }
}

fn counted(works: &[(&str, u64)]) -> Vec<(String, u64)> {
    works.iter().map(|(work, instructions)| ((*work).to_owned(), *instructions)).collect()
}

/// Of a work that is recorded at 1,000, at the same place.
fn judged(instructions: u64) -> Verdict {
    let record = recorded(&[("event", 1_000)]);
    judge(&record, &record.place, &counted(&[("event", instructions)]))
}

fn said(verdict: &Verdict) -> Vec<String> {
    verdict.findings.iter().map(Finding::to_string).collect()
}

#[test]
fn up_to_5_percent_are_nothing() {
    for alike in [950, 999, 1_000, 1_001, 1_050] {
        let verdict = judged(alike);
        assert!(verdict.findings.is_empty() && !verdict.fails && verdict.note.is_none(), "{alike}");
    }
}

#[test]
fn what_is_dearer_fails_and_is_named() {
    let verdict = judged(1_051);
    assert!(verdict.fails);
    assert_eq!(
        said(&verdict),
        ["dearer: \"event\" takes 1051 instructions, recorded are 1000 (+5.1 %)"]
    );
}

#[test]
fn what_is_cheaper_is_named_and_fails_nothing() {
    let verdict = judged(940);
    assert!(!verdict.fails);
    assert_eq!(
        said(&verdict),
        ["cheaper: \"event\" takes 940 instructions, recorded are 1000 (-6.0 %)"]
    );
    let dearer_too = judge(
        &recorded(&[("a", 100), ("b", 100)]),
        &place("1.95.0", "x86_64 with AVX2"),
        &counted(&[("a", 50), ("b", 200)]),
    );
    assert!(dearer_too.fails, "one that is cheaper makes up for nothing");
}

#[test]
fn a_work_without_a_record_and_a_record_without_a_work_fail_everywhere() {
    for processor in ["x86_64 with AVX2", "aarch64"] {
        let here = place("1.95.0", processor);
        let new = judge(&recorded(&[]), &here, &counted(&[("new", 5)]));
        assert!(new.fails && said(&new) == ["without a record: \"new\""], "{processor}");
        let old = judge(&recorded(&[("old", 5)]), &here, &[]);
        assert!(
            old.fails && said(&old) == ["recorded, but no work any more: \"old\""],
            "{processor}"
        );
    }
}

#[test]
fn on_another_processor_no_figure_is_held_and_that_is_said() {
    let counted = counted(&[("event", 2_000)]);
    let verdict = judge(&recorded(&[("event", 1_000)]), &place("1.95.0", "aarch64"), &counted);
    assert!(!verdict.fails && verdict.findings.is_empty());
    let note = verdict.note.unwrap();
    assert!(note.starts_with("NOT HELD: ") && note.contains("aarch64"), "{note}");
}

#[test]
fn with_another_compiler_figures_are_held_and_that_is_said() {
    let counted = counted(&[("event", 2_000)]);
    let here = place("1.96.0", "x86_64 with AVX2");
    let verdict = judge(&recorded(&[("event", 1_000)]), &here, &counted);
    assert!(verdict.fails);
    let note = verdict.note.unwrap();
    assert!(note.contains("1.95.0") && note.contains("1.96.0") && !note.contains("NOT"), "{note}");
}
