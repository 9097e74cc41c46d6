#!/usr/bin/env bash
# Builds weir-proxy for release, with the profile of a run of its own (profile-guided optimization,
# https://doc.rust-lang.org/rustc/profile-guided-optimization.html): a build that counts, the load of `weir-bench`
# through it and the works of `weir-bench-meter`, and a build that lays the code out by the counts. It is left in
# target/pgo/release.
# Usage: release.sh [--with-bare]: bare-pingora, which Weir is measured against, is built in the same way.
set -euo pipefail
cd "$(dirname "$0")/.."

out="$PWD/target/pgo"
host="$(rustc -vV | sed -n 's/^host: //p')"
with_bare=
[ "${1:-}" != --with-bare ] || with_bare=yes
packages=(-p weir-proxy ${with_bare:+-p weir-bench-bare})
works=(json-1k-saturated json-16k-saturated json-256k-saturated json-2m-saturated paced-5ms-20 burst-128-1)
seconds=3
bench=target/release/weir-bench
jobs=()

# build FLAG DIRECTORY PACKAGE…: with --target the flag is not for build scripts and macros.
build() {
    local flag="$1" directory="$2"
    shift 2
    RUSTFLAGS="$flag" cargo build --locked --release --target "$host" --target-dir "$directory" "$@"
}

# wait_for WHAT COMMAND…: for 10 s.
wait_for() {
    local what="$1" tries
    shift
    for ((tries = 0; tries < 200; tries++)); do
        if "$@"; then return; fi
        sleep 0.05
    done
    echo "release: $what: not after 10 s; see $out/train" >&2
    exit 1
}

# address_in FILE PATTERN
address_in() {
    address="$(sed -n "s/.*$2\\(127\\.0\\.0\\.1:[0-9]*\\).*/\\1/p" "$1" | head -n 1)"
    [ -n "$address" ]
}

serves() { (exec 3<>"/dev/tcp/${1%:*}/${1#*:}") 2>/dev/null; }

# load ADDRESS
load() {
    local work
    for work in "${works[@]}"; do
        "$bench" load --work "$work" --seconds "$seconds" --target "$1" >>"$out/train/load.txt"
    done
}

# finish PID: what was counted is written at its end.
finish() {
    kill "$1"
    wait "$1"
}

train() {
    local bin="$out/counting/$host/release" upstream weir bare
    rm -rf "$out/train"
    mkdir -p "$out/train"
    export LLVM_PROFILE_FILE="$out/train/%p.profraw"
    # A pipe that never ends: with its stdin the upstream would end.
    exec 9<> <(:)
    "$bench" upstream >"$out/train/upstream.txt" <&9 &
    upstream=$!
    jobs+=("$upstream")
    wait_for "the upstream is there" address_in "$out/train/upstream.txt" "on "
    local behind="$address"
    "$bin/weir-proxy" --upstream "http://$behind" --listen 127.0.0.1:0 --admin 127.0.0.1:0 >"$out/train/weir.txt" 2>&1 &
    weir=$!
    jobs+=("$weir")
    wait_for "weir-proxy serves" grep -q '"Serving\."' "$out/train/weir.txt"
    wait_for "weir-proxy's address" address_in "$out/train/weir.txt" '"Listening.*"address":"'
    load "$address"
    finish "$weir"
    if [ -n "$with_bare" ]; then
        # Where Weir was is free again.
        "$bin/bare-pingora" --upstream "$behind" --listen "$address" --buffer 4096 >"$out/train/bare.txt" 2>&1 &
        bare=$!
        jobs+=("$bare")
        wait_for "bare-pingora serves" serves "$address"
        load "$address"
        finish "$bare"
    fi
    kill "$upstream"
    read_all_dialects "$bin/weir-bench-meter"
}

# read_all_dialects METER: the load is of one dialect, and what is never used is laid out to be small, not fast. So is what
# only other processors use: valgrind's has AVX2 and no AVX-512. A machine without AVX-512 can't count for those that have it.
read_all_dialects() {
    "$1" run "" 0.2
    if command -v valgrind >/dev/null; then
        valgrind --quiet --tool=none "$1" run "request of" 0.5 \
            || echo "release: valgrind can't run $1: Weir will be slower on processors without AVX-512" >&2
    fi
}

scripts/tools.sh build
scripts/tools.sh release
profdata="$(find "$(rustc --print sysroot)" -name llvm-profdata -type f | head -n 1)"
cargo build --locked --release -p weir-bench
build "-Cprofile-generate=$out/train" "$out/counting" "${packages[@]}" -p weir-bench-meter
trap 'for job in "${jobs[@]}"; do kill "$job" 2>/dev/null || true; done' EXIT
train
"$profdata" merge -o "$out/merged" "$out"/train/*.profraw
# Cargo knows flags and not files: another profile has another name.
profile="$out/$(sha256sum "$out/merged" | cut -c 1-16).profdata"
rm -f "$out"/*.profdata
mv "$out/merged" "$profile"
build "-Cprofile-use=$profile" "$out/laid-out" "${packages[@]}"
ln -sfn "laid-out/$host/release" "$out/release"
ln -sfn ../plain "$out/plain"
echo "target/pgo/release/weir-proxy is built." >&2
