//! Engines that are named by hand, and containers that they belong to.

use super::*;

#[test]
fn an_engine_by_hand_stands_for_its_container() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("mine", Some("http://172.17.0.10:8000")));
    rig.has(llama('a'));
    assert_eq!(rig.targets(Job::Vllm), ["mine 172.17.0.10:8000"]);
    assert_eq!(rig.routes().as_array().unwrap().len(), 1);
    let metrics = rig.metrics();
    let id = id('a');
    assert_eq!(metrics.value("llm_engine_up", &[("container_id", &id)]), Some(0.0));
    assert_eq!(metrics.value("llm_container_info", &[("container", "llama")]), Some(1.0));
    rig.watching.engines.clear();
    rig.update();
    assert_eq!(rig.targets(Job::Vllm), ["llama 172.17.0.10:8000"]);
}

#[test]
fn a_name_without_a_url_lends_its_key_to_the_container() {
    let mut rig = Rig::new();
    rig.watching.engines.push(by_hand("llama", None));
    rig.has(llama('a'));
    rig.has(container("qwen", 'b', &["vllm", "serve", "qwen"]));
    let subjects = |rig: &Rig| -> BTreeMap<String, Credentials> {
        let members = rig.fleet.members.values();
        let subjects = members.filter_map(|member| member.subject.clone());
        subjects.map(|subject| (subject.source, subject.credentials)).collect()
    };
    let key = Credentials::Bearer(Secret::File("key".into()));
    assert_eq!(subjects(&rig)["llama"], key);
    assert_eq!(subjects(&rig)["qwen"], Credentials::None, "nobody else is shown it");
}
