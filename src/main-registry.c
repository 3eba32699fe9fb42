/* naru-registry: the commands of the server. */
#include <stdio.h>
#include <string.h>

#include "registry/server.h"

/* The arguments or the configuration file are wrong: trying again helps nothing. */
#define EXIT_SETTINGS 125

static const char help[] = "Usage:  naru-registry COMMAND\n"
			   "\n"
			   "A container image registry\n"
			   "\n"
			   "Commands:\n"
			   "  serve           Serve images (naru-registry serve --help)\n"
			   "  config check    Say what is wrong in the configuration, or that nothing is\n"
			   "  config show     Show the settings that serve would have, and where each comes from\n"
			   "  version         Show the version\n";

static const char config_help[] = "Usage:  naru-registry config check|show [OPTIONS]\n"
				  "\n"
				  "Looks at the settings as serve has them; takes the options of serve (naru-registry serve --help)\n"
				  "\n"
				  "  check    Says \"ok\", or what is wrong with file and line (exit code 1)\n"
				  "  show     Writes the settings as a configuration file, each with where it comes from\n";

static void print_buf(const struct buf *text)
{
	fwrite(text->data, 1, text->len, stdout);
}

/* A line for each mistake. */
static void print_error(const struct error *err)
{
	struct str rest = str_of(error_text(err)), line;

	while (str_next(&rest, '\n', &line))
		fprintf(stderr, "naru-registry: %.*s\n", STR_ARG(line));
}

static int serve(int argc, char **argv)
{
	cleanup_error struct error err = {0};
	struct settings settings;
	int code = 0;

	if (!settings_load(&settings, argc, argv, &err)) {
		print_error(&err);
		fputs("\nRun 'naru-registry serve --help' for more information\n", stderr);
		return EXIT_SETTINGS;
	}
	if (settings.help) {
		cleanup_buf struct buf text = {0};

		settings_help(&text);
		print_buf(&text);
	} else if (!registry_serve(&settings, argc, argv, &err)) {
		print_error(&err);
		code = 1;
	}
	settings_free(&settings);
	return code;
}

static int config(int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "";
	cleanup_error struct error err = {0};
	cleanup_buf struct buf text = {0};
	struct settings settings;

	if (strcmp(what, "check") != 0 && strcmp(what, "show") != 0) {
		bool asked = strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0;

		fputs(config_help, asked ? stdout : stderr);
		return asked ? 0 : EXIT_SETTINGS;
	}
	if (!settings_load(&settings, argc - 1, argv + 1, &err)) {
		print_error(&err);
		return 1;
	}
	if (settings.help) {
		fputs(config_help, stdout);
	} else if (strcmp(what, "check") == 0) {
		puts("ok");
	} else {
		settings_show(&settings, &text);
		print_buf(&text);
	}
	settings_free(&settings);
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "serve") == 0)
		return serve(argc - 2, argv + 2);
	if (strcmp(command, "config") == 0)
		return config(argc - 2, argv + 2);
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
