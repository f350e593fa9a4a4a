/* blocks_report.c - misuse and overwritten memory: the messages.
 *
 * Layer   blocks, above blocks_check. Start reading at hmm_blocks_tell_misuse.
 */
#include "blocks/blocks_report.h"

#include "base/bytes.h"
#include "blocks/blocks_check.h"
#include "port/board.h"

void hmm_report(const struct hmm_report *report, struct hmm_text *text, const void *block)
{
    if (report->on_error != NULL) {
        text->chars[text->n_chars] = '\0';
        report->on_error(report->context, text->chars, block);
        return;
    }
    char line[HMM_REPORT_CHARS + 8];
    struct hmm_text all = {.chars = line, .capacity_bytes = sizeof line - 1};
    hmm_text_str(&all, "hmm: ");
    memcpy(line + all.n_chars, text->chars, text->n_chars);
    all.n_chars += text->n_chars;
    line[all.n_chars++] = '\n';
    hmm_board_fatal(line, all.n_chars);
}

static HMM_COLD void tell_broken(const struct hmm_blocks *blocks)
{
    char chars[HMM_REPORT_CHARS];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&text, "HmmHeap: memory was written to after it was freed; this heap stops here");
    hmm_report(&blocks->report, &text, NULL);
}

void hmm_blocks_set_broken(struct hmm_blocks *blocks)
{
    blocks->usable_granules = 0;
    blocks->asked_granules = 0;
    blocks->recorded = blocks->recorded_places = 0;
    blocks->top = blocks->end = blocks->first;
    blocks->below_peak = (int32_t)blocks->peak_live;
    tell_broken(blocks);
}

void hmm_blocks_tell_misuse(const struct hmm_blocks *blocks, const void *block, const char *who)
{
    if (block == NULL)
        return;
    if (hmm_blocks_is_broken(blocks)) {
        tell_broken(blocks);
        return;
    }
    char chars[HMM_REPORT_CHARS];
    struct hmm_text text = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    size_t offset_bytes = (size_t)((uintptr_t)block - (uintptr_t)blocks);
    size_t granule = offset_bytes >> HMM_GRANULE_SHIFT;
    bool is_inside = granule >= blocks->first && granule < blocks->span;
    bool below_break = is_inside && granule < blocks->end;
    size_t around = below_break ? hmm_blocks_around(blocks, granule) : 0;
    bool is_live = false;
    size_t length = below_break ? hmm_blocks_walk(blocks, around, &is_live) : 0;
    bool in_free = below_break && !is_live;
    bool is_block = block == hmm_blocks_address(blocks, around);
    hmm_text_str(&text, who);
    hmm_text_str(&text, in_free && is_block ? ": double free of "
                        : in_free && offset_bytes % HMM_GRANULE_BYTES == 0
                            ? ": double or invalid free of "
                            : ": invalid pointer ");
    hmm_text_hex(&text, (uintptr_t)block);
    if (below_break) {
        hmm_text_str(&text, is_block ? " (a" : " (inside a");
        hmm_text_str(&text, in_free ? " free block of " : " block of ");
        hmm_text_dec(&text, (uint64_t)length << HMM_GRANULE_SHIFT);
        hmm_text_str(&text, " bytes at ");
        hmm_text_hex(&text, (uintptr_t)hmm_blocks_address(blocks, around));
        hmm_text_str(&text, ")");
    } else {
        hmm_text_str(&text,
                     is_inside ? " (above the break, where no block is)" : " (outside this heap)");
    }
    hmm_report(&blocks->report, &text, block);
}
