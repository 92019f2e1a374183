# vipd: what a person types. `make help` lists it.

VERSION = $(shell dpkg-parsechangelog -l packaging/debian/changelog -S Version)
ARCH = $(shell dpkg --print-architecture)
DEB = .build/vipd_$(VERSION)_$(ARCH).deb
DEB_SIZE_MAX = 5000000
DEB_TREE = .build/deb/vipd

help:
	@echo "make check         what needs neither root nor real time: format, unit tests, simulator; three minutes"
	@echo "make test          every test, as CI runs them; those that need root name themselves when they are skipped"
	@echo "make test-long     a million simulated cases, and an hour of fuzzing"
	@echo "sudo make demo     two hosts, a client, one address that moves; in network namespaces"
	@echo "sudo make bench    vipd, keepalived and ucarp side by side, measured: two hours; OPTIONS='--part cost' for less"
	@echo "sudo make bench-quick  what of it must hold on every machine: orderings and growth; three minutes, part of make test"
	@echo "make fuzz          SECONDS=100 for every decoder of what comes from outside"
	@echo "make lint          the format of the sources"
	@echo "make deb           the package, .build/vipd_<version>_<arch>.deb"
	@echo "sudo make install  the package, built and installed with apt"
	@echo "make clean         removes .build"

demo: bootstrap-demo
	@echo "Building vipd and viplab (the first time takes a minute or two) ..."
	swift build -c release --product vipd
	swift build -c release --product viplab
	@"$$(swift build -c release --show-bin-path)/viplab" demo

# Tables, CSV and plots go to .build/bench. OPTIONS are those of `viplab bench`.
bench: root-bench
	@$(MAKE) --no-print-directory bootstrap-bench
	@echo "Building vipd and viplab (the first time takes a minute or two) ..."
	swift build -c release --product vipd
	swift build -c release --product viplab
	@"$$(swift build -c release --show-bin-path)/viplab" bench --output .build/bench $(OPTIONS)

bench-quick: root-bench-quick
	@$(MAKE) --no-print-directory bootstrap-bench
	@echo "Building the tests (the first time takes a few minutes) ..."
	@swift build --build-tests
	@$(MAKE) --no-print-directory swift-test SELECTION="--no-parallel --filter 'SegmentTests/ComparisonTests'"

root-%:
	@test "$$(id -u)" -eq 0 || { echo "Network namespaces need root: sudo make $*" >&2; exit 1; }

# Tests that need neither root nor real time: whole targets, and suites of the others.
QUICK = Internet VRRP Neighbor Ownership Tracking Netlink Configuration Host KeepalivedImport Metrics Simulation \
  Fuzzing vipctl
QUICK_SUITES = ConformanceTests[.](PacketFormat|Reception|StateMachine|Neighbours|VersionTwo|Table) \
  LabTests[.](BenchOptions|CSV|Frame|Machine|ManyRouters|MemoryAccount)Tests \
  LabTests[.](OwnershipHistory|Plot|ProbeReport|ProcessAccount|RemainingTime|Statistics|Takeover|Timeline)Tests \
  LinuxTests[.](ConfigurationFiles|UnixAddress)Tests
empty =
space = $(empty) $(empty)
QUICK_TESTS = ^(($(subst $(space),|,$(strip $(QUICK))))Tests[.]|$(subst $(space),|,$(QUICK_SUITES)))

check: bootstrap-build lint
	@echo "Building the tests and the simulator (the first time takes a few minutes) ..."
	@swift build --build-tests
	@swift build -c release --product vipsim
	@start=$$(date +%s); \
	$(MAKE) --no-print-directory simulate RUNS=20000 && \
	echo "Testing what needs neither root nor real time ..." && \
	$(MAKE) --no-print-directory swift-test SELECTION="--filter '$(QUICK_TESTS)'" SHOWN='^(✘|↳|✔ Test run with)' && \
	echo "Checked, in $$(($$(date +%s) - start)) s after the build."

# Without root, what only the tests of root need may be missing. One test at a time: some measure time.
test: bootstrap-build
	@packaging/bootstrap test || test "$$(id -u)" -ne 0
	@$(MAKE) --no-print-directory check
	@if test "$$(id -u)" -eq 0; then $(MAKE) --no-print-directory deb; fi
	@echo "Fuzzing, 5,000 inputs for every decoder ..."
	@Tests/Fuzzing/run runs 5000
	@echo "Testing the rest (half an hour as root; the first time, Debian images for the containers take two minutes more) ..."
	@$(MAKE) --no-print-directory swift-test SELECTION="--no-parallel --skip '$(QUICK_TESTS)'"

test-long: bootstrap-build
	@swift build -c release --product vipsim
	@$(MAKE) --no-print-directory simulate RUNS=1000000
	@$(MAKE) --no-print-directory fuzz SECONDS=500

simulate:
	@echo "Simulating $(RUNS) cases ..."
	@"$$(swift build -c release --show-bin-path)/vipsim" --runs $(RUNS) >/dev/null

# What failed is repeated at the end.
SHOWN = .
swift-test:
	@(swift test --skip-build --disable-xctest $(SELECTION); echo $$? >.build/test.status) 2>&1 \
	  | tee .build/test.log | grep --line-buffered -E '$(SHOWN)' || true
	@test "$$(cat .build/test.status)" -eq 0 || { echo "What failed:"; grep -E '^(✘|↳)' .build/test.log; exit 1; }

# What breaks a decoder is kept in .build/fuzzing/found.
SECONDS = 100
fuzz: bootstrap-build
	nice -n 19 Tests/Fuzzing/run seconds $(SECONDS)

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

# From nothing: a package must not hold objects of an earlier tree.
deb: bootstrap-deb
	@echo "Building $(DEB) ..."
	@rm -rf .build/deb
	@mkdir -p $(DEB_TREE)
	@for part in Package.swift Sources Tests units packaging; do ln -sfn "../../../$$part" $(DEB_TREE)/$$part; done
	@cp -R packaging/debian $(DEB_TREE)/debian
	@cd $(DEB_TREE) && SCRATCH="$(CURDIR)/.build/deb/swift" dpkg-buildpackage -b -us -uc >../log 2>&1 \
	  || { tail -n 40 ../log; exit 1; }
	@rm -f .build/vipd_*.deb
	@mv .build/deb/vipd_$(VERSION)_$(ARCH).deb $(DEB)
	@lintian --allow-root --fail-on error,warning $(DEB)
	@size=$$(stat -c %s $(DEB)); test $$size -le $(DEB_SIZE_MAX) \
	  || { echo "$(DEB) has $$size bytes; $(DEB_SIZE_MAX) is the limit" >&2; exit 1; }

install: deb
	apt-get install -y ./$(DEB)

bootstrap-%:
	@packaging/bootstrap $*

clean:
	rm -rf .build

.PHONY: help check demo bench bench-quick test test-long simulate swift-test fuzz lint deb install clean
