/* Linux capabilities by name, docker's default set, and the signals' names. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/mem.h"
#include "runtime/settings.h"

/* In the order of linux/capability.h; those with true are what docker leaves a container by default. */
static const struct {
	const char *name;
	bool standard;
} capabilities[] = {
	{"CAP_CHOWN", true},
	{"CAP_DAC_OVERRIDE", true},
	{"CAP_DAC_READ_SEARCH", false},
	{"CAP_FOWNER", true},
	{"CAP_FSETID", true},
	{"CAP_KILL", true},
	{"CAP_SETGID", true},
	{"CAP_SETUID", true},
	{"CAP_SETPCAP", true},
	{"CAP_LINUX_IMMUTABLE", false},
	{"CAP_NET_BIND_SERVICE", true},
	{"CAP_NET_BROADCAST", false},
	{"CAP_NET_ADMIN", false},
	{"CAP_NET_RAW", true},
	{"CAP_IPC_LOCK", false},
	{"CAP_IPC_OWNER", false},
	{"CAP_SYS_MODULE", false},
	{"CAP_SYS_RAWIO", false},
	{"CAP_SYS_CHROOT", true},
	{"CAP_SYS_PTRACE", false},
	{"CAP_SYS_PACCT", false},
	{"CAP_SYS_ADMIN", false},
	{"CAP_SYS_BOOT", false},
	{"CAP_SYS_NICE", false},
	{"CAP_SYS_RESOURCE", false},
	{"CAP_SYS_TIME", false},
	{"CAP_SYS_TTY_CONFIG", false},
	{"CAP_MKNOD", true},
	{"CAP_LEASE", false},
	{"CAP_AUDIT_WRITE", true},
	{"CAP_AUDIT_CONTROL", false},
	{"CAP_SETFCAP", true},
	{"CAP_MAC_OVERRIDE", false},
	{"CAP_MAC_ADMIN", false},
	{"CAP_SYSLOG", false},
	{"CAP_WAKE_ALARM", false},
	{"CAP_BLOCK_SUSPEND", false},
	{"CAP_AUDIT_READ", false},
	{"CAP_PERFMON", false},
	{"CAP_BPF", false},
	{"CAP_CHECKPOINT_RESTORE", false},
};
_Static_assert(ARRAY_SIZE(capabilities) < CAPABILITIES_MAX, "settings_capabilities writes them all and a NULL");

const char *capability_find(struct str name)
{
	struct str bare = name;

	if (name.len > 4 && str_equal_nocase(str_head(name, 4), STR("CAP_")))
		bare = str_from(name, 4);
	if (str_equal_nocase(bare, STR("ALL")))
		return "ALL";
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (str_equal_nocase(bare, str_of(capabilities[i].name + strlen("CAP_"))))
			return capabilities[i].name;
	return NULL;
}

void settings_capabilities(const struct settings *settings, const char *out[static CAPABILITIES_MAX])
{
	bool add_all = settings->privileged || text_list_has(&settings->cap_add, "ALL");
	bool drop_all = !settings->privileged && text_list_has(&settings->cap_drop, "ALL");
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		const char *name = capabilities[i].name;
		bool has = add_all || text_list_has(&settings->cap_add, name) || (capabilities[i].standard && !drop_all);

		/* As docker: what is added by name survives a drop of all, not a drop by name. */
		if (has && !settings->privileged && text_list_has(&settings->cap_drop, name))
			has = false;
		/* What this process may not have itself it cannot give; the order of the table is the kernel's. */
		if (has && prctl(PR_CAPBSET_READ, i) != 0)
			out[count++] = name;
	}
	out[count] = NULL;
}

uint64_t capabilities_mask(const char *const *names)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		for (const char *const *name = names; *name; name++)
			if (strcmp(*name, capabilities[i].name) == 0)
				mask |= UINT64_C(1) << i;
	return mask;
}

int signal_parse(struct str text)
{
	uint64_t number;

	if (str_to_u64(text, &number))
		return number > 0 && number < NSIG ? (int)number : 0;
	if (text.len > 3 && str_equal_nocase(str_head(text, 3), STR("SIG")))
		text = str_from(text, 3);
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && str_equal_nocase(text, str_of(name)))
			return i;
	}
	return 0;
}
