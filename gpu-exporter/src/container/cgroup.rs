//! Which container a process is in, by the text of its `/proc/<pid>/cgroup`.
//!
//! A line is `hierarchy:controllers:path`; of version 2 there is one, `0::path`, of version 1 one for each
//! hierarchy. Runtimes put the container's id, 64 hexadecimal digits, into one component of the path: alone
//! (cgroupfs driver), as `<runtime>-<id>.scope` (systemd driver), or after colons (containerd that was told
//! of the one driver and has the other). Which components stand round it says nothing: operators choose
//! parents freely, and under a private namespace the path begins with `/..`.

#[cfg(test)]
mod tests;

/// Longer texts are no `/proc/<pid>/cgroup`: version 1 has some 14 lines, and a path at most 4096 bytes.
pub(super) const MOST_BYTES: usize = 64 * 1024;

const ID_DIGITS: usize = 64;

/// The id of the container, if the process is in one. Of containers within containers it is the innermost.
pub fn container_id(text: &str) -> Option<&str> {
    if text.len() > MOST_BYTES {
        return None;
    }
    text.lines().find_map(|line| path(line)?.rsplit('/').find_map(id_of_component))
}

/// The path of a line. It may have colons of its own.
fn path(line: &str) -> Option<&str> {
    let mut members = line.splitn(3, ':');
    let hierarchy = members.next()?;
    let is_number = !hierarchy.is_empty() && hierarchy.bytes().all(|byte| byte.is_ascii_digit());
    let path = members.nth(1).filter(|path| is_number && path.starts_with('/'))?;
    // The kernel adds this where the cgroup was removed while a dying process was still in it.
    Some(path.strip_suffix(" (deleted)").unwrap_or(path))
}

fn id_of_component(component: &str) -> Option<&str> {
    let name = component.strip_suffix(".scope").unwrap_or(component);
    let (runtime, id) = name.split_at_checked(name.len().checked_sub(ID_DIGITS)?)?;
    if !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    // The monitor of a container of Podman or CRI-O is named like it, but is not in it. A pod of Podman
    // (`machine-libpod_pod_<id>.slice`) has such an id too, and no `.scope`.
    let names_one =
        runtime.is_empty() || runtime.ends_with(['-', ':']) && !runtime.ends_with("conmon-");
    names_one.then_some(id)
}
