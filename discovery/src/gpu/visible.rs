//! Which of its GPUs a program uses, as `CUDA_VISIBLE_DEVICES` says.

use super::{MOST, Which, is_id, sort};

/// What the variable says: places among the GPUs of the container, or UUIDs. It ends where it makes no
/// sense, as it does for CUDA.
pub(super) struct Visible(Vec<Device>);

enum Device {
    /// Counted among those that are there, in the order of their slots.
    Place(usize),
    Uuid(String),
}

impl Visible {
    pub(super) fn of(value: &str) -> Self {
        let device = |word: &str| {
            let word = word.trim();
            match word.parse() {
                Ok(place) => Some(Device::Place(place)),
                Err(_) => is_uuid(word).then(|| Device::Uuid(word.to_owned())),
            }
        };
        Self(value.split(',').map_while(device).take(MOST).collect())
    }

    /// Those among the GPUs that a container has; `None`: nothing is left.
    pub(super) fn among(self, which: Which) -> Option<Which> {
        let Self(devices) = self;
        let (mut ids, mut places) = (Vec::new(), Vec::new());
        for device in devices {
            match device {
                Device::Uuid(uuid) => ids.push(uuid),
                Device::Place(place) if is_place(place, &which) => places.push(place),
                Device::Place(_) => break,
            }
        }
        places.sort_unstable();
        places.dedup();
        let Some(named) = name(&places, &which) else {
            let count = u32::try_from(places.len() + ids.len()).unwrap_or(u32::MAX);
            return Some(Which::Count(count));
        };
        ids.extend(named);
        sort(&mut ids);
        (!ids.is_empty()).then_some(Which::Ids(ids))
    }
}

fn is_uuid(word: &str) -> bool {
    is_id(word) && (word.starts_with("GPU-") || word.starts_with("MIG-"))
}

fn is_place(place: usize, which: &Which) -> bool {
    match which {
        Which::All => place < MOST,
        Which::Count(count) => usize::try_from(*count).is_ok_and(|count| place < count),
        Which::Ids(ids) => place < ids.len(),
    }
}

/// What the GPUs at these places are called; `None`: that can't be told from here.
fn name(places: &[usize], which: &Which) -> Option<Vec<String>> {
    match which {
        _ if places.is_empty() => Some(Vec::new()),
        Which::All => Some(places.iter().map(usize::to_string).collect()),
        Which::Count(_) => None,
        // Whatever their order is, these are all of them.
        Which::Ids(ids) if places.len() == ids.len() => Some(ids.clone()),
        // Inside a container GPUs are counted by their slots, as indices on the host are. In which slot a
        // UUID sits is not known here.
        Which::Ids(ids) if ids.iter().all(|id| id.parse::<u32>().is_ok()) => {
            places.iter().map(|place| ids.get(*place).cloned()).collect()
        }
        Which::Ids(_) => None,
    }
}
