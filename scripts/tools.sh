#!/usr/bin/env bash
# Gets the programs that a step needs: from Debian's packages where that is possible, else it says
# in one line what to install.
set -euo pipefail

# need PROGRAM PACKAGE WHAT-FOR
need() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $2 (for $3)" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 || {
            apt-get update -qq
            apt-get install -y -qq --no-install-recommends "$2" >/dev/null
        }
        command -v "$1" >/dev/null && return
    fi
    echo "weir: '$1' is missing ($3): install it, on Debian with 'apt-get install $2'" >&2
    exit 1
}

case "${1:-}" in
build)
    need cargo rustup "the Rust toolchain, 1.95 or newer: https://rustup.rs"
    need cc gcc "to link, and to build ring"
    need cmake cmake "to build zlib-ng, of which Pingora depends"
    ;;
python)
    need python3 python3 "the tests with real components"
    python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv-is-missing python3-venv "a virtual environment"
    ;;
prometheus)
    need prometheus prometheus "the test that scrapes with a real Prometheus"
    need promtool prometheus "promtool check metrics"
    ;;
*)
    echo "usage: tools.sh build|python|prometheus" >&2
    exit 2
    ;;
esac
