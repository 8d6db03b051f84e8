# Holdfast's everyday commands. `make help` lists them; the longer ones live in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

SCAN_ROOT ?= /usr/share/doc
PORT ?= 8710
DATA_DIR ?= ./.holdfast
# The first simulated world, and how many.
SEED ?= 1
SEEDS ?= 300
# Where `make install` puts things; DESTDIR goes before it for packagers.
PREFIX ?= /usr/local
# An overall limit for `make test`, so that a process that hangs becomes a clear failure.
TEST_MINUTES ?= 60

# Warnings in Holdfast's own targets are errors here (see Package.swift); not for `make run`, so that
# a newer compiler's new warning keeps nobody from trying it. `check` and `test` share the setting
# and so each other's objects.
check test chaos screenshots: export HOLDFAST_STRICT := 1
export SCAN_ROOT PORT DATA_DIR TEST_MINUTES

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: SCAN_ROOT=$(SCAN_ROOT) PORT=$(PORT) DATA_DIR=$(DATA_DIR) TEST_MINUTES=$(TEST_MINUTES)"

.PHONY: run
run: ## Build in release, start the server, scan SCAN_ROOT and print the page's address
	@scripts/bootstrap build
	@scripts/run

.PHONY: build
build: ## Build the release binary: .build/release/holdfast
	@scripts/bootstrap build
	@scripts/build-release

.PHONY: install
install: build ## Put the binary, its manual page and completions under PREFIX
	install -D -m 755 .build/release/holdfast $(DESTDIR)$(PREFIX)/bin/holdfast
	install -D -m 644 docs/man/holdfast.1 $(DESTDIR)$(PREFIX)/share/man/man1/holdfast.1
	install -D -m 644 docs/completions/holdfast.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/holdfast
	install -D -m 644 docs/completions/_holdfast $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_holdfast
	install -D -m 644 docs/completions/holdfast.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/holdfast.fish

.PHONY: check
check: ## The gate before a commit: format lint, build with warnings as errors, unit tests
	@scripts/bootstrap build
	@scripts/check

.PHONY: test
test: ## Run every test: unit, both databases, real processes, a real browser, simulated worlds, the lease model, the API against its description
	@scripts/bootstrap test
	@scripts/model-check
	@scripts/test
	@if scripts/bootstrap api-check; then scripts/api-check; else echo 'holdfast: left out: the check of the API needs PyPI once' >&2; fi

.PHONY: api-check
api-check: ## Make requests of every kind of a live server, on both databases, and hold each answer against openapi.yaml
	@scripts/bootstrap api-check
	swift build --product holdfast
	@scripts/api-check

.PHONY: sim
sim: ## Simulate SEEDS worlds of faults over the real store, in release (docs/simulation.md)
	@scripts/bootstrap build
	swift build -c release --product holdfast-sim
	@"$$(swift build -c release --show-bin-path)/holdfast-sim" --seed $(SEED) --seeds $(SEEDS)

.PHONY: chaos
chaos: ## Kill, stop and restart real processes at random: ROUNDS=200 on each database or on DATABASE=sqlite|postgres, SEED=… repeats a run
	@scripts/bootstrap test
	@scripts/chaos

.PHONY: bench
bench: ## Measure queue, library scans, whole scans, idle costs, commands, supervision and the service; print a table
	@scripts/bootstrap test
	@scripts/bench

.PHONY: bench-peers
bench-peers: ## The same, beside Procrastinate and huey on the same database server
	@scripts/bootstrap bench-peers
	@scripts/bench --peers

.PHONY: screenshots
screenshots: ## Take the pictures of docs/images anew from a running dashboard
	@scripts/bootstrap test
	@scripts/screenshots

.PHONY: completions
completions: build ## Write completions, manual page and configuration reference under docs/ anew
	@scripts/completions

.PHONY: format
format: ## Format all Swift files in place
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

.PHONY: clean
clean: ## Remove what builds and tests made; data under DATA_DIR stays
	rm -rf .build Benchmarks/.build artifacts
