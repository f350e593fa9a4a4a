/* summary.c - exact counts in a file that `hmm run --summary` made and reads afterwards, however
 * the program ended.
 *
 * Layer   process, above process.
 */
#include "process/summary.h"

#include "port/port.h"
#include "process/environment.h"
#include "process/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct hmm_counts private_counts;
static struct hmm_summary *shared_summary;

static void unmap(struct hmm_summary *summary)
{
    hmm_port_release(summary, hmm_round_up(sizeof *summary, hmm_port_page_bytes()));
}

void hmm_summary_open(void)
{
    hmm_process_heap.counts = &private_counts;
    const char *path = hmm_environment_get("HMM_SUMMARY");
    if (path == NULL)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof *shared_summary, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (at == MAP_FAILED)
        return;
    shared_summary = at;
    if (shared_summary->magic != HMM_SUMMARY_MAGIC || shared_summary->pid != syscall(SYS_getpid)) {
        unmap(shared_summary); /* a child's: only the program itself is asked about */
        shared_summary = NULL;
        return;
    }
    shared_summary->counts = (struct hmm_counts){0};
    shared_summary->runs++;
    hmm_process_heap.counts = &shared_summary->counts;
}

void hmm_summary_detach(void)
{
    if (shared_summary == NULL)
        return;
    private_counts = shared_summary->counts;
    hmm_process_heap.counts = &private_counts;
    unmap(shared_summary);
    shared_summary = NULL;
}
