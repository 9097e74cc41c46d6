use proptest::prelude::*;

use super::{MOST_BYTES, container_id};

const ID: &str = "1f1d6e2d4940ddac13abd421a2617992bf89f0e0f9a902ed58278c5f843e9ae7";
const OTHER: &str = "aed1dcce39a52379aaa25179323c2597863a7a9bc9a974950c58d6b5ea4f04e7";

/// Where each form was seen, and the text; `ID` is the container, `OTHER` another id that is not it.
const IN_A_CONTAINER: [(&str, &str); 27] = [
    // neuvector/neuvector share/system/cgroup_test.go: "docker native: 20.10.0 ce", and within Kubernetes.
    ("Docker, v2, systemd, seen from a namespace of its own", "0::/../docker-ID.scope\n"),
    (
        "the same, deeper",
        "0::/../../kubepods-besteffort-podfd698699_eabf_4c23_92ef_cf0bbdb78261.slice/docker-ID.scope\n",
    ),
    ("Docker, v2, systemd", "0::/system.slice/docker-ID.scope\n"),
    ("Docker, v2, cgroupfs", "0::/docker/ID\n"),
    (
        "Docker, v2, systemd, --cgroup-parent",
        "0::/models.slice/models-large.slice/docker-ID.scope\n",
    ),
    ("Docker, v2, cgroupfs, --cgroup-parent", "0::/models/large/ID\n"),
    // The user's own systemd is the manager then.
    (
        "Docker, rootless",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope\n",
    ),
    // DataDog/datadogpy, tests of container.py.
    (
        "Docker, v1, cgroupfs",
        "13:name=systemd:/docker/ID\n12:pids:/docker/ID\n11:hugetlb:/docker/ID\n1:cpuset:/docker/ID\n0::/docker/ID\n",
    ),
    // neuvector, "TestDockerIDCentOS": the first line need not be the one of systemd.
    (
        "Docker, v1, systemd",
        "10:devices:/system.slice/docker-ID.scope\n2:cpuacct,cpu:/system.slice/docker-ID.scope\n\
         1:name=systemd:/system.slice/docker-ID.scope\n",
    ),
    // neuvector, "TestDockerIDDebian".
    ("Docker, v1, of old", "10:net_prio:/ID\n9:perf_event:/ID\n2:cpu:/ID\n"),
    (
        "hybrid: v2 without controllers",
        "2:cpu,cpuacct:/docker/ID\n1:name=systemd:/docker/ID\n0::/\n",
    ),
    ("hybrid: v2 first", "0::/system.slice/containerd.service\n12:devices:/docker/ID\n"),
    ("systemd as a container's first process", "0::/docker/ID/init.scope\n"),
    ("the same, a service of it", "0::/system.slice/docker-ID.scope/system.slice/vllm.service\n"),
    // containers/podman: the cgroup managers systemd and cgroupfs; opencontainers/cgroups systemd/v2.go.
    ("Podman, systemd", "0::/machine.slice/libpod-ID.scope\n"),
    ("Podman, systemd, crun", "0::/machine.slice/libpod-ID.scope/container\n"),
    ("Podman, cgroupfs", "0::/libpod_parent/libpod-ID\n"),
    (
        "Podman, rootless",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope/container\n",
    ),
    (
        "Podman, in a pod",
        "0::/machine.slice/machine-libpod_pod_OTHER.slice/libpod-ID.scope/container\n",
    ),
    ("Podman, in a pod, cgroupfs", "0::/libpod_parent/OTHER/libpod-ID\n"),
    // Names of pods differ by driver and quality of service.
    (
        "containerd, systemd",
        "0::/kubepods.slice/kubepods-burstable.slice/\
         kubepods-burstable-pod3d6beaa3_0049_11ef_b68c_e073d73494b0.slice/cri-containerd-ID.scope\n",
    ),
    (
        "containerd, cgroupfs",
        "0::/kubepods/besteffort/pod3d6beaa3-0049-11ef-b68c-e073d73494b0/ID\n",
    ),
    // containerd/containerd, getCgroupsPath() of the CRI plugin; OpenTelemetry's detectors of containers
    // call it "containerd v1.5.0+ format with systemd cgroup driver".
    (
        "containerd, told of systemd by half",
        "11:cpu,cpuacct:/system.slice/containerd.service/\
         kubepods-burstable-pod3d6beaa3_0049_11ef_b68c_e073d73494b0.slice:cri-containerd:ID\n",
    ),
    (
        "kubelet within a container of Docker (kind)",
        "0::/system.slice/docker-OTHER.scope/kubelet.slice/kubelet-kubepods.slice/\
         kubelet-kubepods-pod3d6beaa3.slice/cri-containerd-ID.scope\n",
    ),
    // cri-o/cri-o internal/config/cgmgr, where the monitor's `crio-conmon-` is, too.
    ("CRI-O, systemd", "0::/kubepods.slice/kubepods-pod3d6beaa3.slice/crio-ID.scope/container\n"),
    ("CRI-O, cgroupfs", "0::/kubepods/pod3d6beaa3-0049-11ef-b68c-e073d73494b0/crio-ID\n"),
    // cgroup_path_ns() of the kernel: the cgroup was removed while its last process was dying.
    ("a process that is dying", "0::/docker/ID (deleted)\n"),
];

const IN_NONE: [(&str, &str); 22] = [
    ("empty", ""),
    ("the root", "0::/\n"),
    ("a service", "0::/system.slice/ssh.service\n"),
    ("a session", "0::/user.slice/user-1001.slice/session-5.scope\n"),
    (
        "v1, a session",
        "12:pids:/user.slice/user-0.slice\n1:name=systemd:/user.slice/user-0.slice\n0::/\n",
    ),
    ("the monitor of Podman", "0::/machine.slice/libpod-conmon-ID.scope\n"),
    (
        "the monitor of CRI-O",
        "0::/kubepods.slice/kubepods-pod3d6beaa3.slice/crio-conmon-ID.scope\n",
    ),
    ("a pod of Podman, but no container", "0::/machine.slice/machine-libpod_pod_ID.slice\n"),
    ("LXC", "0::/lxc.payload.models/system.slice/vllm.service\n"),
    ("systemd-nspawn", "0::/machine.slice/systemd-nspawn@models.service/payload\n"),
    ("Slurm", "0::/system.slice/slurmstepd.scope/job_4242/step_0/user/task_0\n"),
    (
        "ECS on Fargate",
        "0::/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-3054012820\n",
    ),
    ("63 digits", "0::/docker/1f1d6e2d4940ddac13abd421a2617992bf89f0e0f9a902ed58278c5f843e9ae\n"),
    ("65 digits", "0::/docker/IDa\n"),
    ("128 digits", "0::/docker/IDID\n"),
    ("capitals", "0::/docker/1F1D6E2D4940DDAC13ABD421A2617992BF89F0E0F9A902ED58278C5F843E9AE7\n"),
    ("another ending", "0::/system.slice/docker-ID.mount\n"),
    ("no path", "ID\n"),
    ("no path, with a colon", "0::ID\n"),
    ("a hierarchy that is no number", "x::/docker/ID\n"),
    ("no hierarchy", "::/docker/ID\n"),
    (
        "letters of several bytes",
        "0::/ééééééééééééééééééééééééééééééééxID/漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字\n",
    ),
];

fn written_out(form: &str) -> String {
    form.replace("OTHER", OTHER).replace("ID", ID)
}

#[test]
fn in_a_container() {
    for (seen, form) in IN_A_CONTAINER {
        assert_eq!(container_id(&written_out(form)), Some(ID), "{seen}");
    }
}

#[test]
fn in_none() {
    for (seen, form) in IN_NONE {
        assert_eq!(container_id(&written_out(form)), None, "{seen}");
    }
}

#[test]
fn a_text_that_is_too_long_is_none() {
    let line = written_out("0::/docker/ID\n");
    let at_most = line.clone() + &"x".repeat(MOST_BYTES - line.len());
    assert_eq!(container_id(&at_most), Some(ID));
    assert_eq!(container_id(&(at_most + "x")), None);
}

proptest! {
    #[test]
    fn what_is_found_is_an_id(text in "([0-9]{0,2}:[a-z=,]{0,8}:)?(/|-|:|\\.scope|[0-9a-f]{62,66}|\\PC|\n){0,40}") {
        if let Some(id) = container_id(&text) {
            prop_assert_eq!(id.len(), 64);
            prop_assert!(id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
        }
    }

    #[test]
    fn any_parents_will_do(parents in prop::collection::vec("[a-z@._:-]{1,20}", 0..6), child in "(/[a-z.]{1,20}){0,3}") {
        let text = format!("0::/{}/docker-{ID}.scope{child}\n", parents.join("/"));
        prop_assert_eq!(container_id(&text), Some(ID));
    }
}
