# The commands of this project. `make demo` and `make test` need nothing but
# Python 3.11 or later with pip, make and git: each makes its own environment.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BUILD  := build

# What the extension and the metadata are made from. Python sources are not
# here: the installation is editable and sees them at once.
CORE := pyproject.toml src/kesspay/_version.py \
        $(addprefix bindings/,CMakeLists.txt kess.cdef.h kess.csrc.c module.c \
          native.map sbom.py) \
        $(wildcard csrc/CMakeLists.txt csrc/cmake/*) \
        $(wildcard csrc/include/*.h csrc/src/*.c csrc/src/*.h)

# One line, whenever the installed package turned out pure and that was not asked for.
define NATIVE_HINT
import os, kesspay
backend = kesspay.backend()
asked = os.environ.get("KESSPAY_PURE") or os.environ.get("KESSPAY_BACKEND")
if backend.import_error:
    print("kesspay runs in pure Python:", backend.import_error)
elif backend.name != "native" and not asked:
    print(
        "kesspay runs in pure Python: the native core could not be built."
        " Install a C compiler, the OpenSSL 3 headers and the Python headers"
        " (Debian, Ubuntu: gcc libssl-dev python3-dev; Fedora: gcc"
        " openssl-devel python3-devel; Alpine: gcc musl-dev openssl-dev"
        " python3-dev) and run make again."
    )
endef
export NATIVE_HINT
HINT = @$(BIN)/python -c "$$NATIVE_HINT"

# Where it is set, each worker of the tests, and each program that a test starts, would
# compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' \
	  Makefile

# ------------------------------------------------------------- environments

# What a build could find right now. When it changes (a compiler was installed,
# KESSPAY_PURE was set), the package is built again. More than one make may ask
# at the same time.
$(VENV)/toolchain: FORCE
	@mkdir -p $(VENV)
	@new=$@.$$$$; \
	 { echo "$${KESSPAY_PURE:-} $${KESSPAY_REQUIRE_NATIVE:-}"; \
	   printf '#include <openssl/evp.h>\n' \
	     | $${CC:-cc} -E -x c - 2>/dev/null | cksum; } > $$new; \
	 cmp -s $$new $@ && rm $$new || mv $$new $@
.PHONY: FORCE
FORCE:

# --without-pip: some distributions ship Python without ensurepip.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "kesspay needs Python 3.11 or later: make PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv --without-pip $(VENV)

# One line for who waits: pip and the compiler say nothing where all is well.
MAKING = @echo "$(VENV): installing $(1)$(if $(KESSPAY_PURE),, and building the core\
  in C) ($(2) the first time)"

# $(call INSTALL_INTO,PYTHON) WHAT... --no-compile: a small part of what is installed is
# ever imported. UV is the path of uv, which is several times as quick: `.ci/run` has it.
UV ?=
INSTALL_INTO = $(if $(wildcard $(UV)),$(UV) pip install --quiet --system-certs \
  --python $(1),$(PYTHON) -m pip --python $(1) --disable-pip-version-check install -qq \
  --no-compile)
INSTALL = $(call INSTALL_INTO,$(BIN)/python)

$(VENV)/demo-ready: $(CORE) $(VENV)/toolchain | $(BIN)/python
	$(call MAKING,what the demo needs,about a minute)
	@$(INSTALL) --editable '.[cli,sandbox]'
	@touch $@

$(VENV)/test-ready: $(CORE) $(VENV)/toolchain | $(BIN)/python
	$(call MAKING,what the tests need,two to five minutes)
	@$(INSTALL) --editable '.[test]'
	@touch $@ $(VENV)/demo-ready

# Not '.[docs]', for which pip would build the core again.
define DOCS_EXTRA
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"]["optional-dependencies"]["docs"], sep="\n")
endef
export DOCS_EXTRA

$(VENV)/docs-ready: pyproject.toml | $(VENV)/test-ready
	@echo "$(VENV): installing what the site needs (about a minute the first time)"
	@$(PYTHON) -c "$$DOCS_EXTRA" > $(VENV)/docs.txt
	@$(INSTALL) --requirement $(VENV)/docs.txt
	@touch $@

# ----------------------------------------------------------------- commands

.PHONY: demo
demo: $(VENV)/demo-ready ## A whole signed transfer against the sandbox
	$(HINT)
	@$(BIN)/kesspay demo

# KESSPAY_BUILD_TESTS=1 adds the tests that build wheels, THOROUGH=1 every case of those
# tests that have many, and what takes a second: `.ci/run` runs them. WORKERS=0 runs the
# tests in one process, as a debugger needs it; by default a third uses the time in which
# others wait on two cores. PYTEST_ARGS is passed to pytest.
PYTEST  := $(BIN)/python -m pytest
WORKERS ?= 3
LEFT_OUT = exhaustive languages spark engines \
           $(if $(KESSPAY_BUILD_TESTS),,build) $(if $(THOROUGH),,thorough)
.PHONY: test
test: $(VENV)/test-ready ## The test suite
	$(HINT)
	$(PYTEST) -n $(WORKERS) --dist worksteal \
	  -m "not network$(foreach mark,$(LEFT_OUT), and not $(mark))" $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/test-ready ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/test-ready ## mypy --strict
	$(BIN)/mypy

# In one process, which measures itself. COVERAGE_ARGS is passed to the run and to the
# report: --omit, for what is not measured.
.PHONY: coverage
coverage: $(VENV)/test-ready ## make test, which must run every line and branch
	$(BIN)/coverage erase
	$(MAKE) test WORKERS=0 THOROUGH=1 PYTEST='$(BIN)/coverage run $(COVERAGE_ARGS) -m pytest'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report $(COVERAGE_ARGS)

$(VENV)/bench-ready: $(CORE) $(VENV)/toolchain | $(BIN)/python
	$(call MAKING,what the benchmarks need,two to five minutes)
	@$(INSTALL) --editable '.[bench]'
	@touch $@ $(VENV)/test-ready $(VENV)/demo-ready

# BENCH_ARGS is handed on: see `python -m bench --help`.
.PHONY: bench
bench: $(VENV)/bench-ready ## The goals of the project, and what is measured
	$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: bench-suites
bench-suites: $(VENV)/bench-ready ## Library x document, with pytest-benchmark
	$(BIN)/python -m pytest bench --benchmark-enable --benchmark-only \
	  --benchmark-group-by=group $(PYTEST_ARGS)

.PHONY: bench-smoke
bench-smoke: $(VENV)/test-ready ## Run each benchmark once, untimed
	$(BIN)/python -m pytest bench $(PYTEST_ARGS)

# The sources are read, not imported. NO_MKDOCS_2_WARNING: advertising.
.PHONY: docs
docs: $(VENV)/docs-ready ## The documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: mutants
mutants: $(VENV)/test-ready ## Break every security rule; a test must notice
	$(BIN)/python -m tests.mutants.run
	$(BIN)/python -m tests.mutants.run --c

# Needs PHP, Node with npm, and Go. libkess and its bindings are built below build/.
LIBKESS := $(CURDIR)/$(BUILD)/libkess
.PHONY: conformance-matrix
conformance-matrix: $(VENV)/test-ready ## Which rules some programs break: the page
	cmake -S csrc -B $(LIBKESS)-build -DKESS_BUILD_TESTS=OFF \
	  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib \
	  -DCMAKE_INSTALL_PREFIX=$(LIBKESS) >/dev/null
	cmake --build $(LIBKESS)-build --parallel 2 >/dev/null
	cmake --install $(LIBKESS)-build >/dev/null
	bindings/node/compile $(LIBKESS)
	bindings/go/compile $(LIBKESS)
	KESSPAY_LIBKESS=$(LIBKESS) $(BIN)/python -m tests.conformance.matrix --write

# The source archive of the Python package yyjson carries the C source. Without
# it, or without PHP, the rows of the two say so.
YYJSON := $(BUILD)/yyjson
$(YYJSON)/ready:
	@mkdir -p $(YYJSON)
	-$(PYTHON) -m pip download -qq --no-binary :all: --no-deps --dest $(YYJSON) \
	  yyjson && tar -xzf $(YYJSON)/yyjson-*.tar.gz -C $(YYJSON) \
	  --strip-components 1 && touch $@

.PHONY: bench-c
bench-c: $(YYJSON)/ready ## Measure the C library alone
	@cmake -S csrc -B $(BUILD)/bench -DKESS_BENCH=ON -DKESS_BUILD_TESTS=OFF \
	  -DKESS_YYJSON_DIR=$(CURDIR)/$(YYJSON)/yyjson >/dev/null
	@cmake --build $(BUILD)/bench --parallel 2 --target kess_bench >/dev/null
	@$(BUILD)/bench/bench/kess_bench $(BENCH_ARGS)

.PHONY: test-wheel
test-wheel: ## The test suite on an installed wheel, not on the sources
	rm -rf $(BUILD)/wheel
	$(PYTHON) -m venv --without-pip $(BUILD)/wheel/env
	$(if $(wildcard $(UV)),$(UV) build --quiet --system-certs --wheel --out-dir,$(PYTHON) \
	  -m pip wheel -qq --no-deps --wheel-dir) $(BUILD)/wheel .
	$(call INSTALL_INTO,$(BUILD)/wheel/env/bin/python) \
	  "$$(ls $(BUILD)/wheel/*.whl)[test]"
	$(BUILD)/wheel/env/bin/python tests/packaging/installed.py $(PYTEST_ARGS)

# Packages of npm, compiled to WebAssembly: 300 MB, and tools alone (GPL).
PHP_WASM := $(BUILD)/php-wasm
.PHONY: php-versions
php-versions: $(VENV)/test-ready ## Ask PHP 7.4, 8.1, 8.3, 8.4 and 8.5 (needs npm)
	npm install --silent --no-save --prefix $(PHP_WASM) @php-wasm/universal \
	  $(foreach v,7-4 8-1 8-3 8-4 8-5,@php-wasm/node-$(v))
	KESSPAY_PHP_WASM=$(CURDIR)/$(PHP_WASM) $(BIN)/python -m pytest -q \
	  tests/signing/test_php_versions.py

.PHONY: vectors
vectors: $(VENV)/test-ready ## Ask PHP for the test vectors again
	$(BIN)/python tests/vectors/generate.py

.PHONY: c-test
c-test: ## The C library alone: build and ctest
	cmake -S csrc -B $(BUILD)/c
	cmake --build $(BUILD)/c --parallel 2
	ctest --test-dir $(BUILD)/c --output-on-failure --no-tests=error

# gcc without optimisation: the branches are those of the source.
# What measuring and fuzzing has no use for.
C_NOTHING_ELSE = -DKESS_BUILD_EXAMPLES=OFF -DKESS_BUILD_MAN=OFF -DKESS_INSTALL=OFF
# Of the sample that valgrind runs, too: see csrc/tests/check.h.
.PHONY: c-coverage
c-coverage: ## Lines and branches of the C library and its command that tests run
	rm -rf $(BUILD)/c-coverage
	CC=gcc cmake -S csrc -B $(BUILD)/c-coverage -DCMAKE_BUILD_TYPE=Debug \
	  -DKESS_COVERAGE=ON $(C_NOTHING_ELSE) -DKESS_BUILD_SHARED=OFF
	cmake --build $(BUILD)/c-coverage --parallel 2
	KESS_SAMPLE=1 ctest --test-dir $(BUILD)/c-coverage --output-on-failure \
	  --no-tests=error
	$(PYTHON) csrc/tools/coverage.py $(BUILD)/c-coverage

# FUZZ_SECONDS for each target; findings stay in build/fuzz.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Fuzz the C library with clang under ASan and UBSan
	CC=clang cmake -S csrc -B $(BUILD)/fuzz -DKESS_FUZZ=ON \
	  -DKESS_SANITIZER=address $(C_NOTHING_ELSE) -DKESS_BUILD_TESTS=OFF \
	  -DKESS_BUILD_COMMAND=OFF -DKESS_BUILD_SHARED=OFF -DKESS_BUILD_STATIC=OFF
	cmake --build $(BUILD)/fuzz --parallel 2
	csrc/fuzz/run $(BUILD)/fuzz/fuzz $(FUZZ_SECONDS)

# For work on the C side with PYTHONPATH=src: the extension, built into
# src/kesspay. PYTHON needs cffi, cmake and ninja (the extra [test] has them).
.PHONY: native-dev
native-dev: ## Build the extension in place
	$(PYTHON) -m cmake -S bindings -B $(BUILD)/native-dev \
	  -DPython_EXECUTABLE="$$(command -v $(PYTHON))"
	$(PYTHON) -m cmake --build $(BUILD)/native-dev --parallel 2 --target _native
	$(PYTHON) -m cmake --install $(BUILD)/native-dev --component python \
	  --prefix src

.PHONY: clean
clean: ## Remove environments, builds and caches
	rm -rf $(VENV) $(BUILD) dist .coverage* .hypothesis .mypy_cache \
	  .pytest_cache .ruff_cache .benchmarks src/kesspay/_native*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
