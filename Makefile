# A thin front over Meson: what each command does is in interface terms, how is in scripts/, tests/ and bench/.
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
MESON_OPTIONS ?= --prefix=$(PREFIX)

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) $(MESON_OPTIONS)

deps:
	scripts/deps

test:
	./test.sh

# The same tests with AddressSanitizer and UndefinedBehaviorSanitizer in both programs, and the server under a load.
sanitize:
	./test.sh --sanitize
	ninja -C build-asan bench/load
	tests/dynamic/sanitized address

# ThreadSanitizer: the unit tests, and the whole server under requests of every kind and a load.
tsan:
	tests/dynamic/tsan

# Valgrind: no leak and no error over a start, 1,000 requests of every kind, and a stop.
valgrind: all
	NARU_BUILD=$(BUILD) tests/dynamic/valgrind

# The prefix may differ from the one that the folder was set up with.
install:
	[ -e $(BUILD)/build.ninja ] && meson configure $(BUILD) --prefix=$(PREFIX) || meson setup $(BUILD) --prefix=$(PREFIX)
	ninja -C $(BUILD)
	DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild

lint: $(BUILD)/build.ninja
	BUILD=$(BUILD) scripts/lint

format:
	scripts/sources | xargs clang-format -i

# Beside its peers, half an hour; BENCH_ROUNDS and BENCH_SECONDS as bench/run says.
bench:
	bench/run

fuzz:
	tests/fuzz/run $(FUZZ_SECONDS)

# The specification's own conformance program with every option on; tests/conformance/build says where it comes from.
conformance: all
	NARU_BUILD=$(BUILD) tests/conformance/run

# The server killed at 50 random moments, then its power cut at 50 more, while clients push.
soak: all
	tests/faults/run --kills 50 --cuts 50 --restart-ms 100
	! tests/faults/run --kills 0 --cuts 5 --nosync

clean:
	rm -rf $(BUILD)

.PHONY: all deps test sanitize tsan valgrind install lint format bench fuzz conformance soak clean
