#!/usr/bin/env bash
# Gets NVIDIA's own libnvidia-ml.so.1 into a folder: unpacked from Debian's package, not installed. A test
# starts the exporter with it to see what it does where the library is there and the driver is not.
# Where it can't be had, this says so in a line and succeeds: the test then says that it was skipped.
set -euo pipefail

[ $# = 1 ] || { echo "usage: nvml-library.sh FOLDER" >&2; exit 2; }
[ -e "$1/libnvidia-ml.so.1" ] && exit

missing() {
    echo "weir: no libnvidia-ml.so.1 ($1): the test of a library without a driver will be skipped" >&2
    exit 0
}

# Debian's own archives with the one component that has the package, whatever else is set up.
sources() {
    local file
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -e "$file" ] && grep -q debian-archive "$file" || continue
        sed -E 's/^Components:.*/Components: non-free/' "$file" >"$1/$(basename "$file")"
    done
    if [ -e /etc/apt/sources.list ]; then
        sed -nE '/^deb .*debian/s/ main.*$/ non-free/p' /etc/apt/sources.list >"$1/classic.list"
    fi
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || missing "not a Debian"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{sources,lists/partial,cache/archives/partial,unpacked}
sources "$scratch/sources"
apt=(apt-get -qq
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$scratch/sources"
    -o Dir::State::lists="$scratch/lists" -o Dir::Cache="$scratch/cache"
    -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=10)
(cd "$scratch" && "${apt[@]}" update && "${apt[@]}" download libnvidia-ml1) >"$scratch/log" 2>&1 \
    || missing "$(grep -m 1 -E '^[EW]:' "$scratch/log" || echo 'apt-get failed')"
dpkg-deb -x "$scratch"/libnvidia-ml1_*.deb "$scratch/unpacked"
library=$(find "$scratch/unpacked" -type f -name 'libnvidia-ml.so.*' | head -n 1)
[ -n "$library" ] || missing "the package has none"
mkdir -p "$1"
cp "$library" "$1/libnvidia-ml.so.1.new"
mv "$1/libnvidia-ml.so.1.new" "$1/libnvidia-ml.so.1"
