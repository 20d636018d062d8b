# SPDX-License-Identifier: Apache-2.0
# The short commands. Each one first installs what it misses (tools/setup.sh) and then calls CMake, Ninja or a script.
# Nothing is listed twice: sources are found by CMake, tests by tests/run.py.

LISTEN ?= 127.0.0.1:5000
DATA   ?= ./stemma-data
JOBS   ?= $(shell nproc)
STEMMA  = build/release/stemma

.PHONY: help run build test bench lint format soak package reference clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: build ## build and start the server (LISTEN=127.0.0.1:5000 DATA=./stemma-data)
	@exec $(STEMMA) serve --data $(DATA) --listen $(LISTEN)

build: ## the release build: build/release/stemma
	@tools/setup.sh build
	@tools/build.sh release stemma -j $(JOBS)

test: ## every test (ONLY=unit,clients for some stages; see tests/run.py --list)
	@tools/setup.sh build test
	@tests/run.py --only "$(ONLY)"

bench: ## the benchmarks, each paired with the peer (hours; ONLY=name,name for some)
	@tools/setup.sh build test bench
	@tools/build.sh release stemma benches -j $(JOBS)
	@build/venv/bin/python bench/run.py --only "$(ONLY)"

lint: ## the formatting, and the rules of the code base
	@tools/setup.sh build lint
	@tools/build.sh release stemma -j $(JOBS)
	@tools/lint.py --all

format: ## clang-format every C file in place
	@tools/setup.sh lint
	@tools/lint.py --format

soak: ## the long fault tests: 200 kills on each engine, hours
	@tools/setup.sh build test
	@tests/run.py --only soak

package: build ## a Debian package of the release build, in build/package
	@tools/setup.sh package
	@tools/package.sh

reference: build ## what is made from the tables in the code: docs/reference.md, the types of the web interface
	@$(STEMMA) reference > docs/reference.md
	@tools/schema.sh > build/schema.d.ts && mv build/schema.d.ts web/src/api/schema.d.ts

clean: ## remove what was built (stemma-data stays)
	rm -rf build
