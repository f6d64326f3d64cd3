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

SWIFT ?= swift
TSAN_SCRATCH := .build-tsan
DOCS_SCRATCH := .build-docs
FUZZ_SCRATCH := .build-fuzz
TLS_SCRATCH := .build-tls
DOCS_ARCHIVE := $(DOCS_SCRATCH)/Cardea.doccarchive

# Swift files that git tracks or would track: no build products, no checkouts.
swift_files = git ls-files -z --cached --others --exclude-standard -- '*.swift'

.PHONY: help setup setup-build setup-test run build test test-suite test-examples test-tls tsan fuzz soak flood proxies openapi nodes model cluster \
  migration-check format lint bench docs-build docs-serve clean

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
	@scripts/run-tests .build/test-suite.log $(SWIFT) test --skip-build --no-parallel

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

model: ## Check the model of the revocation lease, every state of it, and that faults planted in it are found
	@scripts/setup model
	@echo '==> the revocation lease: spin searches model/lease.pml'
	@scripts/model '$(MODEL_NODES)' '$(MODEL_LEASE)'

nodes: setup-test ## Prove many nodes on PostgreSQL at length: V2 with 50 revocations in each of four troubles, 200 kills (D1), every failure of the store (D2)
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@CARDEA_REVOCATIONS=$${CARDEA_REVOCATIONS:-50} CARDEA_KILLS=$${CARDEA_KILLS:-200} CARDEA_FAILURES=all \
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

soak: setup-test ## Run a million random operations against the model (V8); CARDEA_MODEL_SEED repeats a run
	@echo '==> building the tests (debug)'
	@$(SWIFT) build --build-tests
	@echo '==> random operations against the model'
	@CARDEA_MODEL_OPERATIONS=$${CARDEA_MODEL_OPERATIONS:-1000000} \
	  $(SWIFT) test --skip-build --no-parallel --filter ModelTests

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
	@echo '==> http://127.0.0.1:$(DOCS_PORT)/documentation/cardeakernel; stop it with Ctrl-C'
	@exec python3 -m http.server '$(DOCS_PORT)' --bind 127.0.0.1 --directory '$(DOCS_ARCHIVE)'

clean: ## Remove what was built; keys and settings stay
	@echo '==> removing build products'
	@rm -rf .build $(TSAN_SCRATCH) $(DOCS_SCRATCH) $(FUZZ_SCRATCH) $(TLS_SCRATCH) .build-schemathesis Benchmarks/.build Plugins-Examples/.build
