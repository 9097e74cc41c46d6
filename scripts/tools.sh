#!/usr/bin/env bash
# Gets the programs that a step needs: from Debian's packages where that is possible, else it says
# in one line what to install.
set -euo pipefail

# has PROGRAM
has() {
    case "$1" in
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;; # no program of its own
    python3-torch) /usr/bin/python3 -c 'import torch' 2>/dev/null ;;  # nor here
    *) command -v "$1" >/dev/null ;;
    esac
}

# need PROGRAM PACKAGE WHAT-FOR
need() {
    has "$1" && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $2 (for $3)" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 \
            || { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2" >/dev/null; } \
            || true # said below
        has "$1" && return
    fi
    echo "weir: '$1' is missing ($3): install it, on Debian with 'apt-get install $2'" >&2
    exit 1
}

case "${1:-}" in
build)
    has cargo || { echo "weir: 'cargo' is missing: install Rust 1.95 or newer from https://rustup.rs" >&2; exit 1; }
    need cc gcc "to link, and to build ring"
    need cmake cmake "to build zlib-ng, of which Pingora depends"
    ;;
count)
    need valgrind valgrind "to count instructions"
    ;;
bench)
    need taskset util-linux "to keep the proxies that are measured on a core of their own"
    for proxy in haproxy nginx; do
        (need "$proxy" "$proxy" "a proxy to measure Weir beside") || echo "weir: it will not be measured" >&2
    done
    ;;
release)
    (need valgrind valgrind "to lay out what only processors without AVX-512 use") || echo "weir: it will be slower there" >&2
    profdata() { [ -n "$(find "$(rustc --print sysroot)" -name llvm-profdata -type f)" ]; }
    profdata || ! command -v rustup >/dev/null || rustup component add llvm-tools >&2 || true # said below
    profdata || { echo "weir: 'llvm-profdata' of rustc's own LLVM is missing (to read profiles): 'rustup component add llvm-tools'" >&2; exit 1; }
    ;;
fuzz)
    need cc gcc "to link"
    need c++ g++ "to build libFuzzer"
    ;;
python)
    need python3 python3 "the tests with real components"
    need python3-venv python3-venv "the tests with real components"
    ;;
rules)
    need promtool prometheus "to test the rules for Prometheus"
    need amtool prometheus-alertmanager "to test the routes of Alertmanager"
    ;;
real)
    need curl curl "the README's own lines, which are tested, and compressed answers"
    need prometheus prometheus "the test that scrapes with a real Prometheus"
    need promtool prometheus "promtool check metrics"
    ;;
stack)
    need prometheus prometheus "the test that fills a real Prometheus with the stack's series"
    need prometheus-alertmanager prometheus-alertmanager "the test of what Alertmanager sends and holds back"
    need prometheus-node-exporter prometheus-node-exporter "the series of the host"
    need haproxy haproxy "the test of what the proxy of Docker's socket lets through"
    need kubectl kubernetes-client "to put the manifests together"
    ;;
docker)
    for program in containerd runc podman; do
        need "$program" "$program" "the tests with real containers"
    done
    need dockerd docker.io "the tests with real containers"
    need docker docker.io "the tests with real containers"
    need ip iproute2 "a network of its own for the Docker daemon of the stack"
    need iptables iptables "the networks of that daemon"
    need busybox busybox-static "a shell in their image"
    need strip binutils "to make their image small"
    ;;
agree)
    need /usr/bin/python3 python3 "the environment of guidellm"
    # Without it, pip gets PyPI's.
    (need python3-torch python3-torch "guidellm, which loads its data with torch") \
        || echo "weir: then pip gets PyPI's torch, 2.8 GB" >&2
    ;;
page)
    need chromium chromium "the tests of the load tester's page"
    ;;
*)
    echo "usage: tools.sh build|count|bench|release|fuzz|python|rules|real|stack|docker|page|agree" >&2
    exit 2
    ;;
esac
