"""signals.py PROGRAM COMMAND...: COMMAND runs PROGRAM (signals.c); each signal reaches it once, however it was sent."""
import fcntl, os, pty, signal, struct, sys, tempfile, termios, time

program, command = sys.argv[1], sys.argv[2:]
failed = 0
work = tempfile.mkdtemp()


def check(name, right, seen):
    global failed
    if right != seen:
        failed += 1
        print(f"failed: {name}: {seen}, should be {right}")


class Run:
    """COMMAND with its program: at a terminal of its own, or as a job, a process group in this session."""

    def __init__(self, how, *args):
        self.file = os.path.join(work, str(time.monotonic_ns()))
        argv = command + [program, self.file, *args]
        if how == "terminal":  # command is the session's leader
            self.pid, self.fd = pty.fork()
            if self.pid == 0:
                os.execvp(argv[0], argv)
        else:
            self.fd, out = os.pipe()
            self.pid = os.fork()
            if self.pid == 0:
                os.setpgid(0, 0)
                os.dup2(out, 1)
                os.dup2(out, 2)
                if how == "no SIGCHLD":
                    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                os.execvp(argv[0], argv)
            os.close(out)
        self.text = ""
        while "ready " not in self.text or "\n" not in self.text.split("ready ")[1]:
            self.text += os.read(self.fd, 1000).decode()
        self.child = int(self.text.split("ready ")[1].split()[0])
        time.sleep(0.1)

    def state(self, pid):
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(") ")[1][0]

    def wait_state(self, pid, state):
        for _ in range(200):
            if (self.state(pid) == "T") == (state == "T"):
                return True
            time.sleep(0.02)
        return False

    def end(self):
        """Signals as {number: times}, and the exit status."""
        time.sleep(0.3)
        open(self.file, "w").close()
        _, status = os.waitpid(self.pid, 0)
        with open(self.file) as f:
            words = f.read().split()
        return {int(w.split(":")[0]): int(w.split(":")[1]) for w in words}, os.waitstatus_to_exitcode(status)


# from the terminal
for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
    run = Run("terminal")
    os.write(run.fd, key)
    check(f"{number.name} by a key", ({int(number): 1}, 5), run.end())
run = Run("terminal")
fcntl.ioctl(run.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
check("a new window size", ({int(signal.SIGWINCH): 1}, 5), run.end())

# to the command alone, and to its group; one after the other, so that the witness has to forget
numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
           signal.SIGALRM, signal.SIGCONT, signal.SIGPIPE, signal.SIGRTMIN + 1]
for where, kill in (("to the process", os.kill), ("to the group", os.killpg)):
    run = Run("job")
    for number in numbers:
        kill(run.pid, number)
        time.sleep(0.05)
    check(f"{len(numbers)} signals {where}", ({int(n): 1 for n in numbers}, 5), run.end())
run = Run("job")
for kill in (os.kill, os.killpg, os.kill, os.killpg, os.killpg, os.kill):
    kill(run.pid, signal.SIGTERM)
    time.sleep(0.2)
check("six times SIGTERM, both ways", ({int(signal.SIGTERM): 6}, 5), run.end())
run = Run("job", "parent")
check("the program's own to its parent", ({}, 5), run.end())
run = Run("no SIGCHLD")
check("SIGCHLD is ignored", ({}, 5), run.end())

# job control
for where, kill in (("process", os.kill), ("group", os.killpg)):
    run = Run("job")
    kill(run.pid, signal.SIGTSTP)
    _, status = os.waitpid(run.pid, os.WUNTRACED)
    check(f"SIGTSTP to the {where}: stopped, and seen", (True, True), (os.WIFSTOPPED(status), run.wait_state(run.child, "T")))
    kill(run.pid, signal.SIGCONT)
    check(f"SIGCONT to the {where}: goes on", True, run.wait_state(run.child, "S") and run.wait_state(run.pid, "S"))
    check(f"SIGCONT to the {where}", ({int(signal.SIGCONT): 1}, 5), run.end())
run = Run("job")
os.kill(run.child, signal.SIGSTOP)
run.wait_state(run.child, "T")
check("SIGSTOP to the program alone stops nothing else", True, run.state(run.pid) != "T")
os.kill(run.child, signal.SIGCONT)
check("and SIGCONT", ({int(signal.SIGCONT): 1}, 5), run.end())

# ends
run = Run("job")
os.kill(run.pid, signal.SIGKILL)
os.waitpid(run.pid, 0)
time.sleep(0.2)
check("SIGKILL takes the program along", False, os.path.exists(f"/proc/{run.child}") and run.state(run.child) != "Z")
run = Run("terminal")
os.close(run.fd)  # the kernel tells the session's leader only, that it hangs up and, should it be stopped, to go on
check("the terminal hangs up", ({int(signal.SIGHUP): 1, int(signal.SIGCONT): 1}, 5), run.end())
print("signals:", "failed" if failed else "ok")
sys.exit(failed != 0)
