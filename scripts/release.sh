#!/usr/bin/env bash
# Builds weir-proxy for release, with the profile of a run of its own (profile-guided optimization,
# https://doc.rust-lang.org/rustc/profile-guided-optimization.html): a build that counts, the load of `weir-bench`
# through it and the works of `weir-bench-meter`, and a build that lays the code out by the counts. It is left in
# target/pgo/release.
# Usage: release.sh [--with-bare]: bare-pingora, which Weir is measured against, is built in the same way, with a profile of
# its own.
set -euo pipefail
cd "$(dirname "$0")/.."

out="$PWD/target/pgo"
host="$(rustc -vV | sed -n 's/^host: //p')"
with_bare=
[ "${1:-}" != --with-bare ] || with_bare=yes
# Of `weir-bench load`, and for how many seconds. Large bodies only shortly: each count of the loop that searches them is one
# that makes all else look seldom used, and what looks so is laid out to be small.
works=(json-1k-saturated:3 json-16k-saturated:2 json-256k-saturated:0.3 json-2m-saturated:0.2 paced-5ms-20:3 burst-128-1:1)
# Of the load's counts, for the same reason: the meter's own works, each done as often as can be, come to more.
weight=20
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
        "$bench" load --work "${work%:*}" --seconds "${work#*:}" --target "$1" >>"$out/train/load.txt"
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
    # A pipe that never ends: with its stdin the upstream would end.
    exec 9<> <(:)
    "$bench" upstream >"$out/train/upstream.txt" <&9 &
    upstream=$!
    jobs+=("$upstream")
    wait_for "the upstream is there" address_in "$out/train/upstream.txt" "on "
    local behind="$address"
    LLVM_PROFILE_FILE="$out/train/weir.profraw" "$bin/weir-proxy" --upstream "http://$behind" \
        --listen 127.0.0.1:0 --admin 127.0.0.1:0 >"$out/train/weir.txt" 2>&1 &
    weir=$!
    jobs+=("$weir")
    wait_for "weir-proxy serves" grep -q '"Serving\."' "$out/train/weir.txt"
    wait_for "weir-proxy's address" address_in "$out/train/weir.txt" '"Listening.*"address":"'
    load "$address"
    finish "$weir"
    if [ -n "$with_bare" ]; then
        # Where Weir was is free again.
        LLVM_PROFILE_FILE="$out/train/bare.profraw" "$bin/bare-pingora" --upstream "$behind" \
            --listen "$address" --buffer 4096 >"$out/train/bare.txt" 2>&1 &
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
    LLVM_PROFILE_FILE="$out/train/meter.profraw" "$1" run "" 0.2
    if command -v valgrind >/dev/null; then
        LLVM_PROFILE_FILE="$out/train/meter-avx2.profraw" valgrind --quiet --tool=none "$1" run "request of" 0.5 \
            || echo "release: valgrind can't run $1: Weir will be slower on processors without AVX-512" >&2
    fi
}

# lay_out PACKAGE NAME WEIGHTED-FILE…: by the counts in the files. Cargo knows flags and not files: another profile has
# another name.
lay_out() {
    local package="$1" name="$2" profile
    shift 2
    "$profdata" merge -o "$out/merged" "${@/#/-weighted-input=}"
    profile="$out/$name-$(sha256sum "$out/merged" | cut -c 1-16).profdata"
    rm -f "$out/$name"-*.profdata
    mv "$out/merged" "$profile"
    build "-Cprofile-use=$profile" "$out/laid-out" -p "$package"
}

scripts/tools.sh build
scripts/tools.sh release
profdata="$(find "$(rustc --print sysroot)" -name llvm-profdata -type f | head -n 1)"
cargo build --locked --release -p weir-bench
build "-Cprofile-generate=$out/train" "$out/counting" -p weir-proxy -p weir-bench-meter
# By itself: with other features of what both depend on, the names of all functions are others than those it is laid out with.
[ -z "$with_bare" ] || build "-Cprofile-generate=$out/train" "$out/counting" -p weir-bench-bare
trap 'for job in "${jobs[@]}"; do kill "$job" 2>/dev/null || true; done' EXIT
train
# No two profiles are alike, so nothing of an earlier one is used again. Bare Pingora goes with it, and so make's word (ready)
# that it is there.
rm -rf "$out/laid-out" "$out/ready"
dialects=("$out"/train/meter*.profraw)
lay_out weir-proxy weir "$weight,$out/train/weir.profraw" "${dialects[@]/#/1,}"
[ -z "$with_bare" ] || lay_out weir-bench-bare bare "1,$out/train/bare.profraw"
ln -sfn "laid-out/$host/release" "$out/release"
ln -sfn ../plain "$out/plain"
echo "target/pgo/release/weir-proxy is built." >&2
