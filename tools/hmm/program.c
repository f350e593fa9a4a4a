/* program.c - which file a command name means, and whether LD_PRELOAD can work for it.
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MAX_SCRIPTS = 5, HEAD_BYTES = 4096 };

const char *tool_library(const char *given)
{
    static char path[PATH_MAX];
    static const char *const beside[] = {"libhmm.so", "../lib/libhmm.so.1"};
    if (given != NULL) {
        if (access(given, R_OK) != 0)
            tool_fail(TOOL_USAGE, "library %s: %s", given, strerror(errno));
        if (realpath(given, path) == NULL)
            tool_fail(TOOL_USAGE, "library %s: %s", given, strerror(errno));
        return path;
    }
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        *(slash != NULL ? slash : self) = '\0';
        for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
            char candidate[PATH_MAX + 32];
            snprintf(candidate, sizeof candidate, "%s/%s", self, beside[i]);
            if (realpath(candidate, path) != NULL && access(path, R_OK) == 0)
                return path;
        }
    }
    if (access(HMM_INSTALLED_LIBRARY, R_OK) == 0)
        return HMM_INSTALLED_LIBRARY;
    tool_fail(TOOL_CANNOT_RUN, "libhmm.so not found beside this tool nor at %s (use --lib PATH)",
              HMM_INSTALLED_LIBRARY);
}

/* The file that execvp(name) would start, in `path`; false with errno. */
static bool find_program(const char *name, char path[PATH_MAX])
{
    if (strchr(name, '/') != NULL) {
        snprintf(path, PATH_MAX, "%s", name);
        return access(path, X_OK) == 0;
    }
    const char *dirs = getenv("PATH");
    if (dirs == NULL)
        dirs = "/usr/local/bin:/usr/bin:/bin";
    int error = ENOENT;
    while (*dirs != '\0') {
        int n = (int)strcspn(dirs, ":");
        snprintf(path, PATH_MAX, "%.*s/%s", n == 0 ? 1 : n, n == 0 ? "." : dirs, name);
        struct stat st;
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            if (access(path, X_OK) == 0)
                return true;
            error = errno;
        }
        dirs += n + (dirs[n] == ':');
    }
    errno = error;
    return false;
}

static void check_privileges(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && (((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
                                 ((st.st_mode & S_ISGID) && st.st_gid != getegid())))
        tool_fail(TOOL_CANNOT_RUN, "%s is setuid or setgid: the system ignores LD_PRELOAD for it",
                  path);
    if (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        tool_fail(TOOL_CANNOT_RUN, "%s has file capabilities: the system ignores LD_PRELOAD for it",
                  path);
}

/* A dynamic ELF file of this machine's word size, or fail. */
static void check_elf(const char *path, const unsigned char *head, size_t n_head)
{
    const ElfW(Ehdr) *elf = (const void *)head;
    if (n_head < sizeof *elf || memcmp(head, ELFMAG, SELFMAG) != 0)
        tool_fail(TOOL_CANNOT_RUN, "%s is neither an ELF program nor a script", path);
    if (elf->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        tool_fail(TOOL_CANNOT_RUN, "%s has another word size than libhmm.so: it can't be loaded",
                  path);
    if (elf->e_phoff >= n_head) /* further on, as patchelf puts them: let it be tried */
        return;
    for (unsigned i = 0; i < elf->e_phnum; i++) {
        size_t at = elf->e_phoff + (size_t)i * elf->e_phentsize;
        const ElfW(Phdr) *segment = (const void *)(head + at);
        if (at + sizeof *segment > n_head || segment->p_type == PT_INTERP)
            return;
    }
    tool_fail(TOOL_CANNOT_RUN,
              "%s is statically linked: LD_PRELOAD can't replace its heap (link it with libhmm.a)",
              path);
}

/* A sanitizer's runtime has a heap of its own, and finds errors in that one only. AddressSanitizer
 * as a shared library ends the program when another heap comes first; the others as such find
 * nothing any more; those inside the program come before any library. */
static void check_sanitizer(const char *path)
{
    const char *name = tool_elf_sanitizer(path);
    if (name != NULL)
        tool_fail(TOOL_CANNOT_RUN,
                  "%s is built with %s, which needs a heap of its own: build it without", path,
                  name);
}

const char *tool_find_program(const char *name)
{
    static char path[PATH_MAX];
    if (!find_program(name, path))
        tool_fail(errno == ENOENT || errno == ENOTDIR ? TOOL_NOT_FOUND : TOOL_CANNOT_RUN,
                  "program %s: %s", name, strerror(errno));
    return path;
}

/* Text without a first line that names an interpreter: execvp has /bin/sh run it. */
static bool is_plain_script(const unsigned char *head, size_t n_head)
{
    return n_head >= 2 && memcmp(head, "#!", 2) != 0 && memcmp(head, ELFMAG, 2) != 0 &&
           memchr(head, '\0', n_head) == NULL;
}

void tool_check_program(const char *path)
{
    _Alignas(ElfW(Ehdr)) unsigned char head[HEAD_BYTES];
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s", path);
    for (int depth = 0; depth < MAX_SCRIPTS; depth++) {
        check_privileges(file);
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return; /* executable but not readable: let the kernel decide */
        ssize_t n = read(fd, head, sizeof head - 1);
        close(fd);
        if (is_plain_script(head, n < 0 ? 0 : (size_t)n)) {
            snprintf(file, sizeof file, "/bin/sh");
            continue;
        }
        if (n < 2 || head[0] != '#' || head[1] != '!') {
            check_elf(file, head, n < 0 ? 0 : (size_t)n);
            check_sanitizer(file);
            return;
        }
        head[n] = '\0';
        char *interpreter = (char *)head + 2 + strspn((char *)head + 2, " \t");
        interpreter[strcspn(interpreter, " \t\n")] = '\0';
        snprintf(file, sizeof file, "%s", interpreter);
    }
}
