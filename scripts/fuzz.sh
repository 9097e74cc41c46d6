#!/usr/bin/env bash
# Builds the fuzz targets of fuzz/ with the stable compiler and runs them, one on each core.
# Usage: fuzz.sh [TARGET|all] [SECONDS]
# Inputs that reach something new are kept in target/fuzz/corpus, so the next run goes on from there.
# A finding is left in target/fuzz/findings; `target/fuzz/bin/TARGET FILE` shows it again.
set -euo pipefail
cd "$(dirname "$0")/.."

which="${1:-all}"
seconds="${2:-60}"
out=target/fuzz
corpus=crates/wire/tests/corpus

# What `cargo fuzz` passes too: counters for libFuzzer at every edge, and the operands of compares.
# With --target they are not for build scripts, which have no libFuzzer.
build() {
    local host passes='-Cpasses=sancov-module -Ccodegen-units=1' option
    for option in level=4 inline-8bit-counters pc-table trace-compares; do
        passes+=" -Cllvm-args=-sanitizer-coverage-$option"
    done
    host="$(rustc -vV | sed -n 's/^host: //p')"
    local what=(--locked --quiet --release --bins --manifest-path fuzz/Cargo.toml)
    export RUSTFLAGS="$passes"
    cargo clippy "${what[@]}" --no-deps --target-dir "$out" --target "$host" -- -D warnings
    cargo build "${what[@]}" --target-dir "$out" --target "$host"
    ln -sfn "$host/release" "$out/bin"
}

# Streams and requests of the corpus are inputs as they are; an exchange is both, see
# fuzz/src/calls.rs. What a form or a WebSocket holds is mostly in tokens.dict.
seeds() {
    rm -rf "$out/seeds"
    local head case name target
    for target in fuzz/targets/*.rs; do mkdir -p "$out/seeds/$(basename "$target" .rs)"; done
    for head in "$corpus"/*/*.head; do
        case="${head%.head}"
        name="${case#"$corpus"/}" name="${name//\//-}"
        part "$case.req" >"$out/seeds/request/$name"
        part "$case.body" | tee "$out/seeds/coding/$name" >"$out/seeds/sse/$name"
        exchange_of "$case" >"$out/seeds/exchange/$name"
    done
}

# exchange_of CASE: request, answer's head, and a piece and a while for each event of its body.
exchange_of() {
    local target kind
    target="$(sed -n 's/^ *"target": "\([^"]*\)".*/ \1/p' "$1.case.json")"
    kind="$(sed -n 's/^ *"request_content_type": "\(.*\)",\{0,1\}$/\1/p' "$1.case.json")"
    printf '%s%s\n' "$(basename "$(dirname "$1")")" "$target"
    [ -z "$kind" ] || printf 'content-type: %s\n' "${kind//\\/}"
    if grep -q '^HTTP/1.1 101' "$1.head"; then
        # What the client says on a WebSocket comes behind the answer's head.
        printf '\xff\xfeR\xff\xfed\xff\xfeh%s\xff\xfeu' "$(<"$1.head")"
        part "$1.req"
    else
        printf '\xff\xfeR'
        part "$1.req"
        printf '\xff\xfed\xff\xfeh%s' "$(<"$1.head")"
    fi
    printf '\xff\xfew100000\xff\xfeb'
    part "$1.body" | LC_ALL=C sed -z 's/\n\n/\n\n\xff\xfew10000\xff\xfeb/g'
    printf '\xff\xfee'
}

# part FILE: a case need not have every part.
part() { if [ -e "$1" ]; then cat "$1"; fi; }

# fuzz TARGET: one line about it, or the end of its log and exit status 1.
fuzz() {
    local log="$out/$1.log"
    mkdir -p "$out/corpus/$1" "$out/findings"
    if ! "$out/bin/$1" -max_total_time="$seconds" -max_len=2048 -timeout=20 -rss_limit_mb=4096 \
        -dict=fuzz/tokens.dict -artifact_prefix="$out/findings/$1-" \
        "$out/corpus/$1" "$out/seeds/$1" >"$log" 2>&1; then
        sed -n '/panicked at/,/^stack backtrace/p; /^SUMMARY/p; /Test unit written/p' "$log"
        echo "fuzz: $1 found something, see $out/findings and fuzz/targets/$1.rs" >&2
        return 1
    fi
    awk -v target="$1" '
        $2 == "INITED" { from = $4 }
        $2 == "DONE" { runs = substr($1, 2); to = $4 }
        END {
            if (from + 0 < 100) { print target ": no coverage, it fuzzes blindly"; exit 1 }
            print target ": " runs " runs, " from " edges at first, " to " in the end"
        }' "$log"
}

scripts/tools.sh fuzz
build
seeds
case "$which" in
all) targets=(fuzz/targets/*.rs) ;;
*) targets=("$which") ;;
esac
cores="$(nproc)"
failed=0
for ((first = 0; first < ${#targets[@]}; first += cores)); do
    running=()
    for target in "${targets[@]:first:cores}"; do
        fuzz "$(basename "$target" .rs)" &
        running+=($!)
    done
    for job in "${running[@]}"; do wait "$job" || failed=1; done
done
exit "$failed"
