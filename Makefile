# The front door. CMake does the building: see CMakePresets.json.
#   make           build/libhmm.so, build/libhmm.a, build/hmm
#   make run       a real program on libhmm, and what its heap did
#   make test      the tests that guard a change (make test-all: the long ones, too)
#   make bench     time and memory against other allocators
#   make hunt      look for patterns that libhmm is much worse at than others (BENCH_ARGS=--help)
#   make spike     how much memory stays after a peak, and how long its calls take (the same)
#   make limits    what is worst for each of libhmm's limits (the same)
#   make packages  Debian packages, tried in a clean Debian (root, network)
#   make install   PREFIX=/usr/local DESTDIR=   (and make uninstall)
PREFIX ?= /usr/local
CMAKE ?= cmake
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

MAKEFLAGS += --no-print-directory

.PHONY: all run test test-all bench hunt spike limits packages install uninstall clean format lint
all:
	@$(CMAKE) -S . -B build -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DHMM_TESTS=OFF -DHMM_BENCH=OFF >build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log
	@$(CMAKE) --build build -j $(JOBS)

run: all
	@tools/run_demo.sh build/hmm

test:
	@tests/run.sh change

test-all:
	@tests/run.sh all

bench: all
	@bench/run.sh

hunt spike limits: all
	@bench/run.sh $@

packages:
	@tests/packages.sh

install: all
	@$(CMAKE) --install build

uninstall:
	@$(CMAKE) -DBUILD=build -DPREFIX=$(PREFIX) -P cmake/uninstall.cmake

format:
	@clang-format -i $$(git ls-files '*.[ch]' | grep -v sizeclass_table)

lint:
	@tools/lint_layers.sh

clean:
	rm -rf build build-*
