/*
 * Passing a container's streams. conmon's socket keeps packets: the first byte of each says which stream it is (2 is standard output, 3 standard
 * error), and what we send is the container's input. conmon has written all of the output when it ends: what the socket still holds then is the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/runtime_internal.h"

#define PACKET_MAX (64 * 1024)
#define INPUT_MAX (8 * 1024)
#define STREAM_ERR 3
#define DETACH_FIRST 0x10  /* ctrl-p */
#define DETACH_SECOND 0x11 /* ctrl-q */

enum turn { TURN_ON, TURN_DETACHED, TURN_FAILED };

struct passing {
	const struct attach *attach;
	int signals;         /* signalfd */
	bool in_open;        /* standard input has more */
	bool saw_first;      /* ctrl-p was typed and is held back */
	struct error failed; /* why our standard output or error took no more: the container goes on without us, as with docker */
	char packet[PACKET_MAX + 1];
};

bool output_write(int fd, bool is_err, const char *data, size_t len, struct error *err)
{
	cleanup_error struct error problem = {0};
	char words[128];

	if (file_write(fd, data, len, &problem))
		return true;
	error_os_words(problem.os_errno, words, sizeof words);
	return error_set(err, problem.os_errno == EPIPE ? ERROR_CANCELED : ERROR_SYSTEM, "write /dev/%s: %s", is_err ? "stderr" : "stdout", words);
}

/* true: a packet was passed on, or could not be written. */
static bool pass_packet(struct passing *passing, int flags)
{
	ssize_t got = recv(passing->attach->session->attach, passing->packet, PACKET_MAX, flags);

	if (got <= 1)
		return false;
	bool stream = passing->packet[0] == STREAM_ERR;
	if (passing->failed.kind == ERROR_NONE)
		output_write(stream ? passing->attach->err : passing->attach->out, stream, passing->packet + 1, (size_t)got - 1, &passing->failed);
	return true;
}

/* What was typed, without the detach keys; *len becomes what is to be passed on. */
static enum turn filter_keys(struct passing *passing, char *data, size_t *len)
{
	size_t kept = 0;
	char out[INPUT_MAX * 2];

	for (size_t i = 0; i < *len; i++) {
		if (passing->saw_first && data[i] == DETACH_SECOND)
			return TURN_DETACHED;
		if (passing->saw_first)
			out[kept++] = DETACH_FIRST;
		passing->saw_first = data[i] == DETACH_FIRST;
		if (!passing->saw_first)
			out[kept++] = data[i];
	}
	memcpy(data, out, kept);
	*len = kept;
	return TURN_ON;
}

static enum turn pass_input(struct passing *passing)
{
	const struct attach *attach = passing->attach;
	char data[INPUT_MAX * 2];
	ssize_t got = read(attach->in, data, INPUT_MAX);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return TURN_ON;
	if (got <= 0) {
		passing->in_open = false;
		shutdown(attach->session->attach, SHUT_WR);
		return TURN_ON;
	}
	size_t len = (size_t)got;
	if (attach->detach_keys && filter_keys(passing, data, &len) == TURN_DETACHED)
		return TURN_DETACHED;
	/* A container that does not read any more has closed its end; its output goes on. */
	if (len && send(attach->session->attach, data, len, MSG_NOSIGNAL) < 0)
		passing->in_open = false;
	return TURN_ON;
}

/* conmon takes "1 ROWS COLUMNS" on its control pipe. */
static void pass_size(const struct attach *attach)
{
	struct winsize size;
	char line[64];

	if (!attach->terminal || ioctl(attach->in, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		return;
	cleanup_fd int control = file_open(attach->session->folder, "ctl", O_WRONLY | O_NONBLOCK, 0, NULL);
	int len = snprintf(line, sizeof line, "1 %u %u\n", size.ws_row, size.ws_col);
	if (control >= 0)
		file_write(control, line, (size_t)len, NULL);
}

static void pass_signal(const struct passing *passing)
{
	struct signalfd_siginfo info;

	if (read(passing->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGWINCH)
		pass_size(passing->attach);
	else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
		pidfd_send_signal(passing->attach->session->pidfd, (int)info.ssi_signo, NULL, 0);
}

/* conmon has ended: its own exit code is the container's. */
static bool read_exit_code(const struct session *session, int *exit_code, struct error *err)
{
	int status;

	while (waitpid(session->conmon, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "wait for the container's supervisor");
	if (!WIFEXITED(status))
		return error_set(err, ERROR_UNAVAILABLE, "the container's supervisor was killed: the exit code is not known");
	*exit_code = WEXITSTATUS(status);
	return true;
}

static bool pass_until_end(struct passing *passing, enum attach_end *end, int *exit_code, struct error *err)
{
	struct session *session = passing->attach->session;
	bool connected = session->attach >= 0, runs = session->front >= 0;

	for (;;) {
		struct pollfd fds[] = {
			{session->supervisor, POLLIN, 0},
			{passing->signals, POLLIN, 0},
			{connected ? session->attach : -1, POLLIN, 0},
			{passing->in_open ? passing->attach->in : -1, POLLIN, 0},
			{runs ? session->pidfd : -1, POLLIN, 0},
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_set_errno(err, errno, "wait for the container");
		/* The OCI runtime tidies up while conmon does. */
		if (fds[4].revents) {
			session->deleting = oci_runtime_delete_begin(session->id);
			runs = false;
		}
		if (fds[1].revents)
			pass_signal(passing);
		if (fds[2].revents && !pass_packet(passing, 0))
			connected = false;
		/* One that ends at this moment has an exit code to tell all the same, when no more than the reader has gone. */
		bool leave = passing->failed.kind != ERROR_NONE && !fds[0].revents;
		if (leave || (fds[3].revents && pass_input(passing) == TURN_DETACHED)) {
			*end = ATTACH_DETACHED;
			return true;
		}
		if (fds[0].revents) {
			while (connected && pass_packet(passing, MSG_DONTWAIT))
				;
			*end = ATTACH_EXITED;
			return read_exit_code(session, exit_code, err);
		}
	}
}

bool container_attach(const struct attach *attach, enum attach_end *end, int *exit_code, struct error *err)
{
	struct passing *passing = mem_alloc(1, sizeof *passing);
	sigset_t blocked;

	*passing = (struct passing){.attach = attach, .in_open = attach->in >= 0};
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	cleanup_fd int signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	passing->signals = signals;
	pass_size(attach);
	bool done = signals >= 0 ? pass_until_end(passing, end, exit_code, err) : error_set_errno(err, errno, "watch for signals");
	if (done && passing->failed.kind != ERROR_NONE && passing->failed.kind != ERROR_CANCELED)
		done = error_move(err, &passing->failed);
	error_clear(&passing->failed);
	free(passing);
	return done;
}
