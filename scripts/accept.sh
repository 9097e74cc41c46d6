#!/usr/bin/env bash
# As a newcomer: a fresh clone, `make demo`, and what it must show. Takes a cold build, a 20 s demo,
# and one that is loaded and then ended with Ctrl-C's signal.
#
#   accept.sh                    builds everything, as on a new machine
#   accept.sh --target-dir DIR   builds into DIR (CARGO_TARGET_DIR), which may hold dependencies
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=
case "$#:${1:-}" in
0:) ;;
2:--target-dir) target=$(mkdir -p "$2" && cd "$2" && pwd) ;;
*)
    echo "usage: accept.sh [--target-dir DIR]" >&2
    exit 2
    ;;
esac

# What a make or a git above this one has set is not what a newcomer has.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX

"$root/scripts/tools.sh" python

work=$(mktemp -d)
# Inherited by everything that is started here, so that what is left over is found.
export ACCEPT_RUN="$$-$RANDOM$RANDOM"

# ours: process ids of Weir's programs, and of Prometheus, that this run has started.
ours() {
    local process program
    for process in /proc/[0-9]*; do
        program=$(readlink "$process/exe" 2>/dev/null) || continue
        case "${program##*/}" in
        weir-* | prometheus) grep -qsz "^ACCEPT_RUN=$ACCEPT_RUN\$" "$process/environ" && echo "${process##*/}" ;;
        esac
    done
    return 0
}

clean_up() {
    local left
    left=$(ours)
    # One id per word.
    # shellcheck disable=SC2086
    [ -z "$left" ] || kill -KILL $left || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "accept: FAILED: $*" >&2
    exit 1
}

# nothing_left WHEN: no process, no temporary file.
nothing_left() {
    local left
    left=$(ours)
    [ -z "$left" ] || fail "$1, these processes are left: $(ps -o pid=,args= -p "${left//$'\n'/,}")"
    ! compgen -G "$TMPDIR/weir-demo-*" >/dev/null || fail "$1, files are left in the temporary directory"
}

changes=$(git -C "$root" status --porcelain | wc -l)
[ "$changes" = 0 ] || echo "accept: $changes changes are not committed, and so not part of this" >&2
git clone --quiet --local "$root" "$work/weir"
cd "$work/weir"
[ -e Makefile ] || fail "the clone of $root is empty: nothing is committed"
export TMPDIR="$work/tmp"
mkdir "$TMPDIR"

bin=target/debug
if [ -n "$target" ]; then
    export CARGO_TARGET_DIR="$target"
    bin="$target/debug"
fi

SECONDS=0
make --silent demo BIN="$bin" DEMO_FLAGS="--for 20s --json" >"$work/demo.json" ||
    fail "make demo ended with code $?"
took=$SECONDS
nothing_left "after the demo"

summary=$(python3 - "$work/demo.json" <<'PYTHON'
import json
import sys

MODELS = ["llama-3.3-70b", "qwen3-8b"]
GOOD = {"success", "client_closed_after_finish"}
BAD = {
    "client_closed_before_first_token", "client_closed_mid_stream", "context_length", "rate_limited",
    "overloaded", "stream_error", "truncated", "upstream_reset",
}

demo = json.load(open(sys.argv[1]))
problems = []


def check(holds, what):
    if not holds:
        problems.append(what)


models = {row["model"]: row for row in demo["models"]}
check(sorted(models) == MODELS, f"models: expected {MODELS}, found {sorted(models)}")
for name, row in models.items():
    ttft, gap = row.get("ttft_seconds", {}), row.get("inter_token_seconds", {})
    check(row["started"] > 0, f"{name}: no requests")
    check(row.get("requests_per_second", 0) > 0, f"{name}: no requests per second")
    check(0 < ttft.get("p50", 0) <= ttft.get("p95", 0) < 10, f"{name}: time to first token is {ttft}")
    check(0 < gap.get("p50", 0) < 1, f"{name}: time between tokens is {gap}")
    check(row.get("output_tokens_per_second", 0) > 0, f"{name}: no tokens per second")

outcomes = demo["outcomes"]
check(outcomes.get("success", 0) > 0, "no success")
missing, unexpected = BAD - outcomes.keys(), outcomes.keys() - BAD - GOOD
check(not missing, f"outcomes that the demo provokes and nobody counted: {sorted(missing)}")
check(not unexpected, f"outcomes that nobody provoked: {sorted(unexpected)}")

started, ended, active = demo["started"], sum(outcomes.values()), demo["active"]
check(demo["ledger_adds_up"] is True, "the demo says that the ledger does not add up")
check(started == ended + active, f"ledger: {started} started, {ended} in outcomes, {active} active")
check(started == sum(row["started"] for row in models.values()), "the models do not add up to all")

if problems:
    print("\n".join(problems + [json.dumps(demo)]), file=sys.stderr)
    sys.exit(1)
print(f"{started} requests, {outcomes['success']} of them successes, {len(outcomes)} outcomes, "
      f"the ledger adds up")
PYTHON
) || fail "the summary of the demo is not as it should be"

# Without a length it goes on until Ctrl-C.
"$bin/weir-loadtest" demo --proxy "$bin/weir-proxy" --rules config/prometheus/rules >"$work/table" 2>&1 &
demo=$!
for _ in $(seq 300); do
    ! grep -q '^outcomes since' "$work/table" || break
    kill -0 "$demo" 2>/dev/null || break
    sleep 0.1
done
grep -q '^outcomes since' "$work/table" || fail "no table within 30 s: $(cat "$work/table")"

# Beside it, where there is one, Prometheus has read all of it, and has the rules of the stack.
monitored="there is no Prometheus here"
if command -v prometheus >/dev/null; then
    prometheus=$(sed -n 's/^  prometheus  *\(http:[^,]*\), with the rules of .*/\1/p' "$work/table")
    [ -n "$prometheus" ] || fail "Prometheus does not run with the rules: $(grep '^  prometheus' "$work/table")"
    monitored=$(python3 - "$prometheus" <<'PYTHON'
import json
import sys
import time
import urllib.parse
import urllib.request

JOBS = {"prometheus": 1, "vllm": 2, "weir-gpu-exporter": 1, "weir-proxy": 1}
P95 = "histogram_quantile(0.95, sum by (le, model) (rate(llm_time_to_first_token_seconds_bucket{hop=\"engine\"}[1m])))"

ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(path):
    with ask.open(f"{sys.argv[1]}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)["data"]


def values(expression):
    result = get("query?" + urllib.parse.urlencode({"query": expression}))["result"]
    return [(series["metric"], float(series["value"][1])) for series in result]


deadline = time.monotonic() + 30
while True:
    up = {labels["job"]: int(value) for labels, value in values("sum by (job) (up)")}
    models = [labels["model"] for labels, value in values(P95) if value > 0]
    if up == JOBS and len(models) == 2:
        break
    if time.monotonic() > deadline:
        sys.exit(f"not within 30 s: targets that are up {up}, times to first tokens of {models}")
    time.sleep(0.2)
rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
if not rules:
    sys.exit("Prometheus has no rules")
print(f"Prometheus has read {sum(JOBS.values())} targets, and has {len(rules)} rules")
PYTHON
    ) || fail "Prometheus beside the demo does not answer as it should"
fi

# The command that it prints, which the README has too: 50 requests at once, through both of its listeners.
load=$(grep -m 1 'weir-loadtest run --scenario high-parallelism' "$work/table") || fail "the table names no load test"
bash -c "$load --store '$work/runs.db' --output '$work/report.json'" >"$work/load" 2>&1 ||
    fail "the load test ended with code $?: $(tail -n 20 "$work/load")"
loaded=$(python3 - "$work/report.json" <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
summary, proxy = report["summary"], report["proxy"]
if report["status"] != "finished" or summary["outcomes"] != {"success": summary["sent"]}:
    sys.exit(f"{report['status']}: {summary['sent']} requests, {summary['outcomes']}")
if not proxy["same_requests"]:
    sys.exit(f"the proxy counted others: {proxy}")
print(f"{summary['sent']} requests of {report['scenario']['name']} at {summary['requests_per_second']:.1f} a second, "
      "counted alike by the proxy")
PYTHON
) || fail "the load test's report is not as it should be"

kill -INT "$demo"
wait "$demo" || fail "Ctrl-C: the demo ended with code $?: $(tail -n 5 "$work/table")"
tail -n 1 "$work/table" | grep -q 'it adds up' || fail "Ctrl-C: $(tail -n 1 "$work/table")"
nothing_left "after Ctrl-C"

echo "accept: ok. Clone to numbers in ${took} s; $summary; $monitored; $loaded; Ctrl-C leaves nothing behind."
