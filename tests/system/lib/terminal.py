"""Runs a command on a terminal of 33 rows and 101 columns: terminal.py STEP... -- COMMAND...
A step "see:TEXT" waits until the output since the last step holds TEXT, "type:TEXT" types it (\\x10 and the like are read as in Python).
Prints all of the output; exits with the command's exit code, 99 when a step did not come true within 15 seconds."""
import codecs, fcntl, os, pty, select, struct, sys, termios, time

split = sys.argv.index("--")
steps, command = sys.argv[1:split], sys.argv[split + 1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    os.execvp(command[0], command)
seen = b""


def read_more():
    global seen
    if not select.select([terminal], [], [], 15)[0]:
        return False
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    sys.stdout.buffer.write(data)
    seen += data
    return bool(data)


for step in steps:
    kind, text = step.split(":", 1)
    text = codecs.decode(text, "unicode_escape").encode("latin-1")
    if kind == "type":
        seen = b""
        os.write(terminal, text)
    while kind == "see" and text not in seen:
        if not read_more():
            print(f"never saw {text!r}")
            sys.exit(99)
while read_more():
    pass
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
