//! Engines named by hand whose address is that of a container: one of the two is watched, and speaks for both.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Member, Said};

/// Lets engines named by hand stand for the containers that they have claimed.
pub(super) fn settle(members: &mut BTreeMap<String, Member>, said: &Said<'_>) {
    let by_hand: BTreeMap<_, _> = members
        .iter()
        .filter(|(_, member)| member.container.is_none())
        .map(|(_, member)| (member.name.clone(), Arc::clone(&member.asked)))
        .collect();
    // By the engine's name: whether the container runs, and its id. One that runs counts more.
    let mut claims: BTreeMap<String, (bool, String)> = BTreeMap::new();
    for (id, member) in members.iter_mut() {
        let Some(name) = member.claimed_by.take_if(|name| by_hand.contains_key(name)) else {
            member.claimed_by = None;
            continue;
        };
        member.subject = None;
        if member.runs()
            && let Some(asked) = by_hand.get(&name)
        {
            member.asked = Arc::clone(asked);
        }
        if member.is_kept(said.now, said.watching.tombstone) {
            let claim = (member.runs(), id.clone());
            let known = claims.entry(name.clone()).or_insert_with(|| claim.clone());
            if claim.0 && !known.0 {
                *known = claim;
            }
        }
        member.claimed_by = Some(name);
    }
    for member in members.values_mut().filter(|member| member.container.is_none()) {
        member.container_id = claims.remove(&member.name).map(|(_, id)| id);
    }
}
