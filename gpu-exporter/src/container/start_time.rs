//! When a process began, by its `/proc/<pid>/stat`: with the pid, it tells processes apart.

/// One line of some 300 bytes.
pub(super) const MOST_BYTES: usize = 4096;

/// Of the fields after the name: `starttime` is the 22nd of all (proc_pid_stat(5)), the state the third.
const FIELDS_BEFORE: usize = 22 - 3;

/// In ticks since the machine's start. The name, in parentheses, is whatever the process calls itself,
/// parentheses, spaces and broken UTF-8 included: `1 (a) b) S 0 …`. Nothing after it has a parenthesis.
pub(super) fn of_stat(stat: &[u8]) -> Option<u64> {
    let name_ends = stat.iter().rposition(|&byte| byte == b')')?;
    let fields = str::from_utf8(stat.get(name_ends + 1..)?).ok()?;
    fields.split_ascii_whitespace().nth(FIELDS_BEFORE)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::of_stat;

    /// Of a process of Linux 6.1, but for its name.
    const REST: &str = "S 1 4242 4242 0 -1 4194560 2817 0 12 0 31 14 0 0 20 0 9 0 183746 1128 96 0 0 0 0 0 0 0 0 0 0 0 \
                        17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn whatever_the_process_calls_itself() {
        let names: [&[u8]; 8] = [
            b"python3",
            b"VLLM::EngineCor",
            b"a) b",
            b"",
            b") S 1 (",
            b"\xff\xfe\n",
            b"( ( (",
            b"1 (x) R 5",
        ];
        for name in names {
            let stat = [b"4242 (".as_slice(), name, b") ", REST.as_bytes()].concat();
            assert_eq!(of_stat(&stat), Some(183_746), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn nothing_where_it_does_not_say() {
        let cut = format!("4242 (python3) {}", &REST[..40]);
        let texts =
            ["", "4242", "4242 (python3", "4242 (python3)", "4242 (python3) S 1", cut.as_str()];
        for text in texts {
            assert_eq!(of_stat(text.as_bytes()), None, "{text:?}");
        }
        let letters = format!("4242 (python3) {}", REST.replace("183746", "18374x"));
        assert_eq!(of_stat(letters.as_bytes()), None);
        let negative = format!("4242 (python3) {}", REST.replace("183746", "-1"));
        assert_eq!(of_stat(negative.as_bytes()), None);
    }
}
