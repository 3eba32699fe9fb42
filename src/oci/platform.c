#include "oci/platform.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"

static bool copy_part(char out[static PLATFORM_PART_MAX], struct str part)
{
	if (part.len >= PLATFORM_PART_MAX || (part.len && memchr(part.data, '\0', part.len)))
		return false;
	for (size_t i = 0; i < part.len; i++)
		out[i] = part.data[i] >= 'A' && part.data[i] <= 'Z' ? (char)(part.data[i] | 0x20) : part.data[i];
	out[part.len] = '\0';
	return true;
}

static bool is(const char *text, const char *other)
{
	return strcmp(text, other) == 0;
}

static void set(char out[static PLATFORM_PART_MAX], const char *text)
{
	copy_part(out, str_of(text));
}

/* containerd/platforms, database.go: normalizeArch and normalizeOS. */
static void normalize(struct platform *platform)
{
	static const struct {
		const char *from, *architecture, *variant; /* variant NULL: kept */
	} names[] = {
		{"x86_64", "amd64", NULL},
		{"x86-64", "amd64", NULL},
		{"i386", "386", ""},
		{"i486", "386", ""},
		{"i586", "386", ""},
		{"i686", "386", ""},
		{"aarch64", "arm64", NULL},
		{"armhf", "arm", "v7"},
		{"armel", "arm", "v6"},
		{"armv7l", "arm", "v7"},
		{"armv6l", "arm", "v6"},
		{"armv5tel", "arm", "v5"},
	};
	char *variant = platform->variant;

	if (is(platform->os, "macos"))
		set(platform->os, "darwin");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!is(platform->architecture, names[i].from))
			continue;
		set(platform->architecture, names[i].architecture);
		if (names[i].variant)
			set(variant, names[i].variant);
		break;
	}
	if (is(platform->architecture, "amd64") && is(variant, "v1"))
		set(variant, "");
	else if (is(platform->architecture, "arm64") && (is(variant, "8") || is(variant, "v8")))
		set(variant, "");
	else if (is(platform->architecture, "arm") && (variant[0] == '\0' || is(variant, "7")))
		set(variant, "v7");
	else if (is(platform->architecture, "arm") && (is(variant, "5") || is(variant, "6") || is(variant, "8"))) {
		variant[1] = variant[0];
		variant[0] = 'v';
		variant[2] = '\0';
	}
}

bool platform_make(struct platform *out, struct str os, struct str architecture, struct str variant, struct error *err)
{
	struct platform platform;

	if (!copy_part(platform.os, os) || !copy_part(platform.architecture, architecture) || !copy_part(platform.variant, variant))
		return error_set(err, ERROR_INVALID, "platform '%.*s/%.*s/%.*s' is malformed", STR_ARG(str_head(os, 40)),
			STR_ARG(str_head(architecture, 40)), STR_ARG(str_head(variant, 40)));
	normalize(&platform);
	*out = platform;
	return true;
}

static bool one_of(struct str text, const char *const *names)
{
	for (; *names; names++)
		if (str_equal_nocase(text, str_of(*names)))
			return true;
	return false;
}

static const char *const known_os[] = {"linux", "windows", "darwin", "macos", "freebsd", "openbsd", "netbsd", "dragonfly", "solaris", "illumos",
	"aix", "android", "ios", "js", "plan9", "wasip1", "wasi", NULL};
static const char *const known_architectures[] = {"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64",
	"ppc64le", "riscv64", "s390x", "wasm", "x86_64", "x86-64", "aarch64", "armhf", "armel", "i386", NULL};

static bool part_valid(struct str part)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return part.len > 0 && part.len < PLATFORM_PART_MAX;
}

bool platform_parse(struct platform *out, struct str text, struct error *err)
{
	struct platform host = platform_host();
	struct str parts[3] = {{0}}, rest = text;
	size_t count = 0;
	bool more = true;

	while (more && count < 3) {
		struct str after = {0};

		parts[count] = rest;
		more = str_cut(rest, '/', &parts[count], &after);
		rest = after;
		if (!part_valid(parts[count++]))
			return error_set(err, ERROR_INVALID,
				"\"%.*s\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument",
				STR_ARG(str_head(text, 80)));
	}
	if (more)
		return error_set(err, ERROR_INVALID, "\"%.*s\": cannot parse platform specifier: invalid argument", STR_ARG(str_head(text, 80)));

	if (count > 1)
		return platform_make(out, parts[0], parts[1], parts[2], err);
	if (one_of(parts[0], known_os))
		return platform_make(out, parts[0], str_of(host.architecture), is(host.architecture, "arm") ? str_of(host.variant) : str_of(""), err);
	if (one_of(parts[0], known_architectures))
		return platform_make(out, str_of(host.os), parts[0], str_of(""), err);
	return error_set(err, ERROR_INVALID, "\"%.*s\": unknown operating system or architecture: invalid argument", STR_ARG(str_head(text, 80)));
}

/*
 * The level of x86-64 that the processor has (System V ABI, "Micro-Architecture Levels"), by the features that tell the levels apart: clang knows no
 * names for the levels themselves.
 */
static const char *amd64_level(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("popcnt"))
		return "";
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("fma"))
		return "v2";
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd") ||
		!__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
		return "v3";
	return "v4";
#else
	return "";
#endif
}

struct platform platform_host(void)
{
	struct platform host = {.os = "linux"};
	struct utsname name;

	if (uname(&name) < 0 || !platform_make(&host, STR("linux"), str_of(name.machine), str_of(""), NULL))
		return host;
	if (is(host.architecture, "amd64"))
		set(host.variant, amd64_level());
	return host;
}

void platform_format(const struct platform *platform, struct buf *out)
{
	buf_printf(out, "%s/%s", platform->os, platform->architecture);
	if (platform->variant[0])
		buf_printf(out, "/%s", platform->variant);
}

bool platform_equal(const struct platform *a, const struct platform *b)
{
	return is(a->os, b->os) && is(a->architecture, b->architecture) && is(a->variant, b->variant);
}

/* "v3" is 3, "" is what the architecture means by none, anything else -1. */
static int level(const char *variant, int none)
{
	if (!variant[0])
		return none;
	if (variant[0] == 'v' && variant[1] >= '1' && variant[1] <= '9' && variant[2] == '\0')
		return variant[1] - '0';
	return -1;
}

/* Rank among variants that go down one by one from the wanted one. */
static int rank_down(int wanted, int offered)
{
	return wanted < 0 || offered < 0 || offered > wanted ? -1 : wanted - offered;
}

int platform_rank(const struct platform *wanted, const struct platform *offered)
{
	bool same = is(wanted->architecture, offered->architecture);

	if (!is(wanted->os, offered->os))
		return -1;
	if (platform_equal(wanted, offered))
		return 0;
	if (is(wanted->architecture, "amd64")) {
		if (same)
			return rank_down(level(wanted->variant, 1), level(offered->variant, 1));
		return is(offered->architecture, "386") ? 20 : -1;
	}
	if (is(wanted->architecture, "arm") && same)
		return rank_down(level(wanted->variant, 7), level(offered->variant, 7));
	if (is(wanted->architecture, "arm64")) {
		if (same)
			return rank_down(level(wanted->variant, 8), level(offered->variant, 8));
		if (!is(offered->architecture, "arm"))
			return -1;
		int rank = rank_down(8, level(offered->variant, 7));
		return rank < 0 ? -1 : 20 + rank;
	}
	return -1;
}
