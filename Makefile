# What there is to run. GNU make and bash start it; the work needs Go, and a C
# compiler for the race detector. The linters are built from tools/go.mod.

SHELL := bash
MAKEFLAGS += --no-print-directory
GO ?= go

FUZZTIME ?= 60s
COUNT ?= 6
BENCH ?= .
BENCHTIME ?= 200ms
WRITE ?=
TESTFLAGS ?=
ARGS ?=
VERSION ?=

# A go.work file above this folder must not change what is built here.
export GOWORK := off

# Every module of the project, the root first. tools holds no code of its own.
PRUNE := \( -name '.?*' -o -name node_modules -o -name testdata -o -path ./build \) -prune
MODULES := $(filter-out ./tools,$(patsubst %/go.mod,%,$(sort $(shell find . $(PRUNE) -o -name go.mod -print))))
TOOL := $(GO) tool -modfile="$(CURDIR)/tools/go.mod"

# Those that users import or install. The others are for those who work on the project.
PUBLIC := $(filter-out ./api ./bench ./docs/% ./interop,$(MODULES))

# What the command line is built for, and how: the same bytes wherever that is done
# with the same version of Go.
SYSTEMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
PROGRAM := imm$(VERSION:%=_%)
REPRODUCIBLE := -trimpath -buildvcs=false -ldflags '-s -w -X main.linked=$(VERSION)'

.DEFAULT_GOAL := help
.PHONY: help demo emulator test interop others lint api bench fuzz cover examples photos cross sbom release clean cc

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Variables: FUZZTIME=$(FUZZTIME), COUNT=$(COUNT), BENCHTIME=$(BENCHTIME), BENCH=$(BENCH) (bench), WRITE (bench, api),"
	@echo "VERSION (cross, sbom, release), TESTFLAGS (go test), ARGS (arguments of demo and emulator)."

demo: ## index the sample images against the embedded emulator
	@$(GO) run ./examples/quickstart $(ARGS)

emulator: ## run the emulator over the sample images, until an interrupt
	@mkdir -p build; $(GO) build -o build/imm-emulator ./cmd/imm-emulator
	@exec build/imm-emulator -bucket test-bucket=examples/photos $(ARGS)

test: cc ## run the tests of all modules with the race detector
	@set -euo pipefail; failed=; \
	for dir in $(MODULES); do \
		(cd "$$dir" && CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./... | sed '/\[no test files\]$$/d') || failed="$$failed $$dir"; \
	done; \
	if [ -n "$$failed" ]; then echo "tests failed in:$$failed" >&2; exit 1; fi

# What needs more than Go is behind the build tag interop. nginx is where only root
# has it in the path. Results are not cached: go test does not see that programs changed.
interop: cc others interop/js/node_modules/.package-lock.json ## run all tests of interop: published cores, and nginx before the emulator
	@set -euo pipefail; export PATH="$$PATH:/usr/sbin:/sbin"; cd interop; \
	CGO_ENABLED=1 $(GO) test -race -tags interop -count=1 $(TESTFLAGS) ./... | sed '/\[no test files\]$$/d'

# npm writes this file last. The versions and checksums are those of the lock file.
interop/js/node_modules/.package-lock.json: interop/js/package.json interop/js/package-lock.json | others
	@cd interop/js; npm ci --no-audit --no-fund --ignore-scripts > /dev/null; touch node_modules/.package-lock.json

others:
	@export PATH="$$PATH:/usr/sbin:/sbin"; missing=; \
	command -v nginx > /dev/null || missing="$$missing nginx"; \
	command -v node > /dev/null || missing="$$missing nodejs"; \
	command -v npm > /dev/null || missing="$$missing npm"; \
	if [ -n "$$missing" ]; then \
		echo "make interop needs nginx, and Node 18 or later with npm; missing:$$missing" >&2; \
		echo "On Debian and Ubuntu: apt-get install --no-install-recommends$$missing. On macOS: brew install nginx node" >&2; \
		exit 1; \
	fi

lint: ## check format, go vet, golangci-lint, and that go.mod files are tidy and genuine
	@set -euo pipefail; \
	echo "gofmt"; \
	gofmt="$$($(GO) env GOROOT)/bin/gofmt"; \
	unformatted=$$(find . $(PRUNE) -o -name '*.go' -print0 | xargs -0 "$$gofmt" -l); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	@set -euo pipefail; \
	for dir in $(MODULES) ./tools; do \
		echo "go.mod of $$dir"; cd "$(CURDIR)/$$dir"; \
		$(GO) mod tidy -diff; \
		$(GO) mod verify > /dev/null; \
	done
	@set -euo pipefail; failed=; \
	for dir in $(MODULES); do \
		echo "go vet in $$dir"; \
		(cd "$$dir" && $(GO) vet -tags interop ./...) || failed="$$failed $$dir"; \
	done; \
	if [ -n "$$failed" ]; then echo "go vet has findings in:$$failed" >&2; exit 1; fi
	@echo "golangci-lint (its first build takes some minutes)"
	@set -euo pipefail; failed=; \
	for dir in $(MODULES); do \
		echo "golangci-lint in $$dir"; \
		(cd "$$dir" && $(TOOL) golangci-lint run --config "$(CURDIR)/.golangci.yml" --build-tags interop ./...) || failed="$$failed $$dir"; \
	done; \
	if [ -n "$$failed" ]; then echo "golangci-lint has findings in:$$failed" >&2; exit 1; fi

# It compiles once, so that an edit meanwhile cannot change what later rounds measure.
# A change of what users can call needs a line in the changelog, in the last commit
# or in what is not committed yet. A clone without a history is taken at its word.
api: ## compare the public API with api/*.txt (WRITE=yes writes them anew), and a change of it with the changelog
	@set -euo pipefail; \
	(cd api && $(GO) run . $(if $(WRITE),-write) $(PUBLIC:%=../%)) || { \
		echo "If that is meant, make api WRITE=yes writes the descriptions in api; CHANGELOG.md needs a line, too." >&2; exit 1; }; \
	git rev-parse -q --verify HEAD^ > /dev/null 2>&1 || exit 0; \
	for range in "HEAD" "HEAD^ HEAD"; do \
		if ! git diff --quiet $$range -- 'api/*.txt' && git diff --quiet $$range -- CHANGELOG.md; then \
			echo "git diff $$range: the descriptions in api have changed, and CHANGELOG.md has not" >&2; exit 1; \
		fi; \
	done

bench: ## compare the cost of calls with the published core and plain code (WRITE=yes: into docs)
	@set -euo pipefail; mkdir -p build; : > build/bench.txt; cd bench; \
	$(GO) test -c -o ../build/bench.test .; \
	for round in $$(seq $(COUNT)); do \
		../build/bench.test -test.run '^$$' -test.bench '$(BENCH)' -test.benchtime $(BENCHTIME) >> ../build/bench.txt; \
	done; \
	$(GO) run ./report $(if $(WRITE),-write ../docs) < ../build/bench.txt

fuzz: ## run every fuzz target of all modules for FUZZTIME
	@set -euo pipefail; \
	for dir in $(MODULES); do \
		cd "$(CURDIR)/$$dir"; \
		found=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$found"; exit 1; }; \
		awk '/^Fuzz/ { names[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, names[i]; n = 0 }' <<< "$$found" | \
		while read -r package name; do \
			echo "$$name of $$package for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package" < /dev/null; \
		done; \
	done

# Each package's statements count as covered when a test of any of these packages
# runs them, as in go tool cover, whose total this equals.
cover: ## show the statement coverage of the root and internal packages
	@set -euo pipefail; mkdir -p build; \
	packages=$$($(GO) list . ./internal/...); \
	$(GO) test -coverprofile build/cover.out -coverpkg "$$(paste -sd, - <<< "$$packages")" $$packages > build/cover.txt \
		|| { cat build/cover.txt; exit 1; }; \
	awk 'NR > 1 { statements[$$1] = $$2; if ($$3 > 0) covered[$$1] = $$2 } \
		END { for (block in statements) { package = block; sub(/\/[^\/]*$$/, "", package); \
				all[package] += statements[block]; hit[package] += covered[block]; total += statements[block]; totalhit += covered[block] } \
			for (package in all) printf "%5.1f %%  %s\n", 100 * hit[package] / all[package], package | "sort -k 3"; \
			close("sort -k 3"); \
			if (total) printf "%5.1f %%  total, %d of %d statements\n", 100 * totalhit / total, totalhit, total }' build/cover.out; \
	echo "The lines: $(GO) tool cover -html build/cover.out"

examples: ## build all examples and run each of them against the embedded emulator
	@set -euo pipefail; rm -rf build/examples; mkdir -p build/examples; \
	$(GO) build -buildvcs=false -o build/examples/ ./examples/...; \
	failed=; \
	for program in build/examples/*; do \
		name=$${program##*/}; name=$${name%.exe}; \
		if [ "$$name" = genphotos ]; then continue; fi; \
		if "$$program" > "$$program.txt" 2>&1 < /dev/null; then \
			echo "example $$name: done"; \
		else \
			echo "example $$name: failed with exit code $$?"; cat "$$program.txt"; failed=yes; \
		fi; \
	done; \
	[ -z "$$failed" ]

photos: ## draw the sample images of examples/photos again
	@$(GO) run ./examples/genphotos -out examples/photos

cross: ## build all for linux, macOS and Windows on amd64 and arm64; the command line goes to build/dist, with checksums
	@set -euo pipefail; export CGO_ENABLED=0; rm -rf build/dist; mkdir -p build/dist; \
	for system in $(SYSTEMS); do \
		export GOOS=$${system%/*} GOARCH=$${system#*/}; echo "$$GOOS on $$GOARCH"; suffix=; \
		if [ "$$GOOS" = windows ]; then suffix=.exe; fi; \
		for dir in $(PUBLIC); do (cd "$$dir" && $(GO) build -trimpath ./...); done; \
		(cd cmd/imm && $(GO) build $(REPRODUCIBLE) -o "../../build/dist/$(PROGRAM)_$${GOOS}_$$GOARCH$$suffix" .); \
	done; \
	cd build/dist; if command -v sha256sum > /dev/null; then sum=sha256sum; else sum="shasum -a 256"; fi; \
	$$sum imm_* > SHA256SUMS; cat SHA256SUMS

sbom: ## write what each program of make cross consists of to build/dist, as CycloneDX
	@set -euo pipefail; mkdir -p build/dist; \
	$(TOOL) cyclonedx-gomod version > /dev/null; tool="$$($(TOOL) -n cyclonedx-gomod)"; \
	for system in $(SYSTEMS); do \
		export GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0; bom="build/dist/$(PROGRAM)_$${GOOS}_$$GOARCH.cdx.json"; \
		"$$tool" app -json -std -licenses -noserial -notimestamp -output "$$bom" -main . cmd/imm 2> build/sbom.txt || { cat build/sbom.txt; exit 1; }; \
		echo "$$bom"; \
	done

# CONTRIBUTING.md says why these are the steps. Nothing is done here: with | bash
# behind it, it is done.
release: ## print what a release of VERSION=vX.Y.Z does, module by module
	@.ci/release "$(VERSION)" $(PUBLIC)

clean: ## remove what make wrote
	@rm -rf build

cc:
	@cc=$$($(GO) env CC); \
	if ! echo '#include <stdlib.h>' | $$cc -E -x c - > /dev/null 2>&1; then \
		echo "The race detector needs a C compiler with the C library's headers, and '$$cc' is missing or has none." >&2; \
		echo "On Debian and Ubuntu: apt-get install gcc libc6-dev. On macOS: xcode-select --install." >&2; \
		exit 1; \
	fi
