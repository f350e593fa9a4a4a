/* blocks_report.h - report misuse to the caller's function.
 *
 * Layer   blocks, above blocks_check.
 */
#ifndef HMM_BLOCKS_BLOCKS_REPORT_H
#define HMM_BLOCKS_BLOCKS_REPORT_H

#include "base/fmt.h"
#include "blocks/blocks.h"

enum { HMM_REPORT_CHARS = 200 };

/* A message, which has room for one character more, about `block`: to on_error; without one it is
 * written as a line, and the program ends. */
HMM_COLD void hmm_report(const struct hmm_report *report, struct hmm_text *text, const void *block);
/* A link led astray: no block begins below the break any more, and none can be taken. */
HMM_COLD void hmm_blocks_set_broken(struct hmm_blocks *blocks);
/* `block`, handed to the function `who`, is none: what it is instead. NULL is nothing to tell. */
HMM_COLD void hmm_blocks_tell_misuse(const struct hmm_blocks *blocks, const void *block,
                                     const char *who);

#endif
