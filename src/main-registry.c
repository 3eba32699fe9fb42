/* naru-registry: the commands of the server. */
#include <stdio.h>
#include <string.h>

#include "registry/server.h"

static const char help[] = "Usage:  naru-registry COMMAND\n"
			   "\n"
			   "A container image registry\n"
			   "\n"
			   "Commands:\n"
			   "  serve       Serve images (naru-registry serve --help)\n"
			   "  version     Show the version\n";

static int serve(int argc, char **argv)
{
	cleanup_error struct error err = {0};
	struct settings settings;
	int code = 0;

	if (!settings_parse(&settings, argc, argv, &err)) {
		fprintf(stderr, "naru-registry: %s\n\nRun 'naru-registry serve --help' for more information\n", error_text(&err));
		return 125;
	}
	if (settings.help) {
		fputs(settings_help, stdout);
	} else if (!registry_serve(&settings, &err)) {
		fprintf(stderr, "naru-registry: %s\n", error_text(&err));
		code = 1;
	}
	settings_free(&settings);
	return code;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "serve") == 0)
		return serve(argc - 2, argv + 2);
	if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
		puts("naru-registry " NARU_VERSION);
		return 0;
	}
	if (argc < 2 || strcmp(command, "--help") == 0 || strcmp(command, "help") == 0) {
		fputs(help, argc < 2 ? stderr : stdout);
		return 0;
	}
	fprintf(stderr, "naru-registry: unknown command: %s\n\nRun 'naru-registry --help' for more information\n", command);
	return 1;
}
