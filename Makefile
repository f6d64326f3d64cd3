# Everything is done from here: `make` lists what there is.
# What a target needs and the machine lacks is installed first (scripts/setup); where nothing is
# missing, that check takes milliseconds.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Where `make run` keeps its keys and listens. Empty: what cardea.yaml and the environment say, else
# the program's own defaults, sqlite:cardea.sqlite3 and 8420.
STORE ?=
PORT ?=
# What `make run` builds. `debug` is compiled in half the time, and `make test` goes on from it;
# `release` is what `make build` makes.
CONFIGURATION ?= debug
# Where `make docs-serve` listens (on loopback).
DOCS_PORT ?= 8421
# `make instructions`: 1 writes the figures instead of comparing with them.
UPDATE ?=
# `make fuzz`: inputs for each target, and which targets; empty is all of them.
FUZZ_RUNS ?= 10000000
FUZZ_TARGETS ?=
# `make flood`: failed attempts that are recorded, and distinct wrong tokens that are judged.
FLOOD_ATTEMPTS ?= 1000000
FLOOD_TOKENS ?= 10000000
# `make proxies`: hostile requests to each proxy.
PROXY_REQUESTS ?= 20000
# `make cluster`: nginx's port; the five after it are taken too.
CLUSTER_PORT ?= 8430
# `make model`: how many nodes are looked at, and the lease in ticks.
MODEL_NODES ?= 1
MODEL_LEASE ?= 2
# `make openapi`: how many requests of each kind to each call.
OPENAPI_EXAMPLES ?= 200
# `make soak` and `make chaos`: seconds; and kills of each kind (D1).
CARDEA_SOAK_SECONDS ?= 3600
CARDEA_CHAOS_SECONDS ?= 3600
CARDEA_KILLS ?= 5000
# `make mutants`: which files, such as KnownToken; empty is all of them.
MUTANTS ?=

SWIFT ?= swift
TSAN_SCRATCH := .build-tsan
DOCS_SCRATCH := .build-docs
FUZZ_SCRATCH := .build-fuzz
TLS_SCRATCH := .build-tls
MUTANTS_SCRATCH := .build-mutants
TIMING_SCRATCH := .build-timing
COVERAGE_SCRATCH := .build-coverage
PERFORMANCE := Sources/Cardea/Cardea.docc/Performance.md
MODULES := Sources/Cardea/Cardea.docc/Resources/modules.svg
DOCS_ARCHIVE := $(DOCS_SCRATCH)/Cardea.doccarchive

# Swift files that git tracks or would track: no build products, no checkouts.
swift_files = git ls-files -z --cached --others --exclude-standard -- '*.swift'

.PHONY: help setup setup-build setup-test run build test test-suite test-examples test-tls tsan fuzz mutants coverage timing \
  soak chaos flood proxies openapi nodes model cluster migration-check format lint bench bench-peers figures instructions \
  docs-build docs-serve clean

help: ## List the targets (this)
	@echo 'Cardea: API keys for any service. Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: STORE=$(STORE) PORT=$(PORT) CONFIGURATION=$(CONFIGURATION) DOCS_PORT=$(DOCS_PORT)'

setup: ## Install what building and testing need; change nothing if it is there
	@scripts/setup build test

setup-build:
	@scripts/setup build

setup-test:
	@scripts/setup build test

run: setup-build ## Build the server, make a store with a first key if there is none, and serve
	@echo '==> building the server (the first build takes some minutes, later ones seconds)'
	@$(SWIFT) build -c $(CONFIGURATION) --product cardea
	@echo '==> serving; stop it with Ctrl-C'
	@exec .build/$(CONFIGURATION)/cardea serve $(if $(STORE),--store '$(STORE)') $(if $(PORT),--port '$(PORT)') --init

cluster: setup-build ## Start three nodes, two PostgreSQL servers and nginx on this machine, and say what to try
	@scripts/setup cluster
	@echo '==> building the server'
	@$(SWIFT) build -c $(CONFIGURATION) --product cardea
	@exec scripts/cluster "$$PWD/.build/$(CONFIGURATION)/cardea" '$(CLUSTER_PORT)'

build: setup-build ## Build the server and the command line, optimised
	@echo '==> building the cardea executable (release)'
	@$(SWIFT) build -c release --product cardea

test: setup-test ## Build and run every test: the suite, the example plugins, the thread sanitizer
	@$(MAKE) --no-print-directory test-suite
	@$(MAKE) --no-print-directory test-examples
	@$(MAKE) --no-print-directory tsan

test-suite: setup-test ## Only the suite of this package
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@echo '==> running the tests'
	@scripts/test-suite

test-examples: setup-test ## Only the example plugins, built as a stranger would
	@if [ -d Plugins-Examples ]; then \
	  echo '==> building and testing the example plugins (a package of their own)'; \
	  $(SWIFT) test --package-path Plugins-Examples --no-parallel; \
	else \
	  echo '==> there are no example plugins'; \
	fi

test-tls: setup-test ## Only what needs the trait TLS, in a build of its own; the first takes many minutes
	@echo '==> building the tests with the trait TLS (debug)'
	@$(SWIFT) build --build-tests --traits TLS --scratch-path '$(TLS_SCRATCH)'
	@$(SWIFT) test --skip-build --traits TLS --scratch-path '$(TLS_SCRATCH)' --no-parallel --filter TLSTests \
	  | tee /dev/stderr | grep 'Test run with [1-9]' >/dev/null

tsan: setup-test ## Only the kernel's tests under the thread sanitizer, with a race planted to be found
	@echo '==> building the kernel and its tests with the thread sanitizer'
	@scripts/tsan '$(TSAN_SCRATCH)'

fuzz: setup-build ## Fuzz everything that reads bytes from outside: FUZZ_RUNS inputs for each target
	@echo '==> building the fuzz targets (release, with coverage)'
	@scripts/fuzz '$(FUZZ_SCRATCH)' '$(FUZZ_RUNS)' $(FUZZ_TARGETS)

mutants: setup-test ## Change the conditions that the kernel decides by, one at a time: a test must notice each
	@echo '==> building the kernel with every change behind a switch'
	@scripts/mutants '$(MUTANTS_SCRATCH)' $(MUTANTS)

coverage: setup-test ## What the tests of the kernel and of the plugins without dependencies run through, by module
	@echo '==> building the kernel and its tests with counters'
	@scripts/coverage '$(COVERAGE_SCRATCH)' $(MODULE)

timing: setup-build ## Measure whether time tells how nearly a secret is right (T1 to T4); SEED repeats a run
	@echo '==> building the server and what measures it (release)'
	@$(SWIFT) build -c release --product cardea
	@CARDEA_LEAN=1 CARDEA_TIMING=1 $(SWIFT) build -c release --product timing --scratch-path '$(TIMING_SCRATCH)'
	@'$(TIMING_SCRATCH)/release/timing' .build/release/cardea $(SEED)

model: ## Check the model of the revocation lease, every state of it, and that faults planted in it are found
	@scripts/setup model
	@echo '==> the revocation lease: spin searches model/lease.pml'
	@scripts/model '$(MODEL_NODES)' '$(MODEL_LEASE)'

nodes: setup-test ## Prove many nodes on PostgreSQL at length: V2 with 50 revocations in each of six troubles, 200 kills (D1), 1,000 raced rotations (V6), 50 killed migrations (D9), every failure of the store (D2)
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@CARDEA_REVOCATIONS=$${CARDEA_REVOCATIONS:-50} CARDEA_KILLS=$${CARDEA_KILLS:-200} \
	  CARDEA_RACES=$${CARDEA_RACES:-1000} CARDEA_MIGRATIONS=$${CARDEA_MIGRATIONS:-50} CARDEA_FAILURES=all \
	  $(SWIFT) test --skip-build --no-parallel --filter 'ManyNodesTests|PostgreSQLDurabilityTests|FailureTests'

migration-check: setup-test ## Check that the schema and the checked-in migrations agree
	@echo '==> comparing the schema with what the migrations make'
	@$(SWIFT) test --filter SchemaTests | tee /dev/stderr | grep 'Test run with [1-9]' >/dev/null

format: setup-build ## Format every Swift file in place
	@echo '==> formatting'
	@$(swift_files) | xargs -0 $(SWIFT) format format --in-place --parallel

lint: setup-build ## Check formatting, style and the rules of the architecture
	@echo '==> swift format lint --strict'
	@$(swift_files) | xargs -0 $(SWIFT) format lint --strict --parallel
	@echo '==> architecture'
	@scripts/check-architecture
	@scripts/modules '$(MODULES)' --check

bench: ## Run the benchmarks (a package of their own, release); figures in artefacts/bench.json
	@scripts/setup build bench
	@echo '==> building the server and the benchmarks'
	@$(SWIFT) build -c release --product cardea
	@$(SWIFT) build -c release --package-path Benchmarks
	@mkdir -p artefacts
	@echo '==> running the benchmarks'
	@Benchmarks/.build/release/bench --json artefacts/bench.json \
	  --server .build/release/cardea Benchmarks/.build/release/empty-hummingbird \
	  --deploy deploy $(BENCH_FLAGS)

bench-peers: ## Measure Cardea beside what one would pick instead; figures in artefacts/bench-peers.json
	@scripts/setup build peers
	@echo '==> building the server and the benchmarks'
	@$(SWIFT) build -c release --product cardea
	@$(SWIFT) build -c release --package-path Benchmarks
	@mkdir -p artefacts
	@echo '==> running the benchmarks'
	@Benchmarks/.build/release/bench --only peers --json artefacts/bench-peers.json \
	  --server .build/release/cardea Benchmarks/.build/release/empty-hummingbird \
	  --deploy deploy --peers .build-peers Benchmarks/Peers $(BENCH_FLAGS)

figures: ## Put what bench-peers, bench (--only growth or --only log) and instructions measured into the documentation, and the modules' graph
	@scripts/modules '$(MODULES)'
	@scripts/tables Benchmarks/instructions.json '$(PERFORMANCE)'
	@if [ -f artefacts/bench-peers.json ]; then scripts/tables artefacts/bench-peers.json '$(PERFORMANCE)'; fi
	@if [ -f artefacts/bench.json ]; then \
	  scripts/plots artefacts/bench.json '$(dir $(PERFORMANCE))Resources' && \
	  scripts/tables artefacts/bench.json '$(PERFORMANCE)'; \
	fi

instructions: ## Count instructions by callgrind and compare them with Benchmarks/instructions.json; UPDATE=1 writes it
	@scripts/setup build instructions
	@echo '==> building what is counted (release)'
	@$(SWIFT) build -c release --package-path Benchmarks --product instructions
	@echo '==> counting'
	@scripts/instructions Benchmarks/.build/release/instructions Benchmarks/instructions.json \
	  $(if $(UPDATE),--update)

soak: setup-test ## A million random operations against the model (V8), then everything at once on a real server for CARDEA_SOAK_SECONDS (F4)
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@echo '==> random operations against the model; CARDEA_MODEL_SEED repeats a run'
	@CARDEA_MODEL_OPERATIONS=$${CARDEA_MODEL_OPERATIONS:-1000000} \
	  $(SWIFT) test --skip-build --no-parallel --filter ModelTests
	@echo '==> building the server (release)'
	@$(SWIFT) build -c release --product cardea
	@scripts/soak .build/release/cardea '$(CARDEA_SOAK_SECONDS)' $(SEED)

chaos: setup-test ## CARDEA_KILLS kills (D1), then faults of every kind at random for CARDEA_CHAOS_SECONDS; SEED repeats a run
	@echo '==> building the tests (debug) and the server (release)'
	@$(SWIFT) build --build-tests
	@$(SWIFT) build -c release --product cardea
	@CARDEA_PROGRAM="$$PWD/.build/release/cardea" scripts/chaos '$(CARDEA_CHAOS_SECONDS)' '$(CARDEA_KILLS)' "$${SEED:-$$RANDOM}" $(SWIFT) test --skip-build --no-parallel

flood: setup-test ## Make FLOOD_ATTEMPTS failed attempts (F6) and show FLOOD_TOKENS wrong tokens (F3)
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@echo '==> a flood: growth on disk and in memory'
	@CARDEA_FLOOD_ATTEMPTS='$(FLOOD_ATTEMPTS)' CARDEA_FLOOD_TOKENS='$(FLOOD_TOKENS)' \
	  $(SWIFT) test --skip-build --no-parallel --filter FloodTests

proxies: setup-test ## Attack real nginx and Caddy with PROXY_REQUESTS hostile requests each (H1)
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@export CARDEA_PROXY_REQUESTS='$(PROXY_REQUESTS)' CARDEA_PROXY_SEED=$${CARDEA_PROXY_SEED:-$$RANDOM$$RANDOM}; \
	  echo "==> hostile requests; CARDEA_PROXY_SEED=$$CARDEA_PROXY_SEED repeats this run"; \
	  $(SWIFT) test --skip-build --no-parallel --filter ProxyTests

openapi: setup-test ## Compare the running server with openapi.yaml, OPENAPI_EXAMPLES requests of each kind to each call
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@export CARDEA_OPENAPI_EXAMPLES='$(OPENAPI_EXAMPLES)' CARDEA_OPENAPI_SEED=$${CARDEA_OPENAPI_SEED:-$$RANDOM$$RANDOM}; \
	  echo "==> CARDEA_OPENAPI_SEED=$$CARDEA_OPENAPI_SEED repeats this run"; \
	  $(SWIFT) test --skip-build --no-parallel --filter theServerAnswersAsDescribed

docs-build: setup-build ## Build the documentation; a warning is an error
	@echo '==> building the documentation'
	@scripts/docs-build '$(DOCS_SCRATCH)' '$(DOCS_ARCHIVE)'

docs-serve: docs-build ## Build the documentation and serve it on loopback
	@scripts/setup docs
	@echo '==> http://127.0.0.1:$(DOCS_PORT)/documentation/cardea; stop it with Ctrl-C'
	@exec python3 -m http.server '$(DOCS_PORT)' --bind 127.0.0.1 --directory '$(DOCS_ARCHIVE)'

clean: ## Remove what was built; keys and settings stay
	@echo '==> removing build products'
	@rm -rf .build $(TSAN_SCRATCH) $(DOCS_SCRATCH) $(FUZZ_SCRATCH) $(TLS_SCRATCH) $(MUTANTS_SCRATCH) \
	  $(TIMING_SCRATCH) $(COVERAGE_SCRATCH) .build-schemathesis .build-peers Benchmarks/.build Plugins-Examples/.build
