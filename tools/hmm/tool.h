/* tool.h - the command-line tool `hmm`: one file per subcommand.
 */
#ifndef HMM_TOOL_H
#define HMM_TOOL_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Print "hmm: ..." on stderr and exit with `status`. */
_Noreturn void tool_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* argv[0] is the subcommand's name; returns the exit status. */
int tool_run(int argc, char **argv);
int tool_demo(int argc, char **argv);

/* Path of libhmm.so: `given` if not NULL, beside the tool, or where it was installed; fails. */
const char *tool_library(const char *given);

/* Path of the program that execvp(name) would start; fails. */
const char *tool_find_program(const char *name);
/* Whether LD_PRELOAD can work for the program at `path`; fails with the reason. */
void tool_check_program(const char *path);

/* Name of the sanitizer that the ELF file is built with; NULL: none that has a heap. */
const char *tool_elf_sanitizer(const char *path);

/* fork() for a program that tool_relay waits for; no signal to us is lost from then on. In the
 * child: its signals are as ours were. */
pid_t tool_relay_fork(void);
/* Wait for the program's end; what is sent to us alone is passed on to it.
 *   returns  its status, as of waitpid(2) */
int tool_relay(pid_t program, struct rusage *use);

enum { TOOL_USAGE = 2, TOOL_CANNOT_RUN = 126, TOOL_NOT_FOUND = 127 };

#endif
