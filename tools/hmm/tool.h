/* tool.h - the command-line tool `hmm`: one file per subcommand.
 */
#ifndef HMM_TOOL_H
#define HMM_TOOL_H

/* Print "hmm: ..." on stderr and exit with `status`. */
_Noreturn void tool_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* argv[0] is the subcommand's name; returns the exit status. */
int tool_run(int argc, char **argv);
int tool_demo(int argc, char **argv);

/* Path of libhmm.so: `given` if not NULL, beside the tool, or where it was installed; fails. */
const char *tool_library(const char *given);

/* Whether LD_PRELOAD can work for the program that execvp(name) would start; fails with the reason.
 * Returns its path. */
const char *tool_check_program(const char *name);

enum { TOOL_USAGE = 2, TOOL_CANNOT_RUN = 126, TOOL_NOT_FOUND = 127 };

#endif
