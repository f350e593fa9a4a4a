/* options.h - "name=value,name=value" as tunables, wherever the text comes from.
 *
 * Layer   process; the tool uses it too.
 */
#ifndef HMM_PROCESS_OPTIONS_H
#define HMM_PROCESS_OPTIONS_H

#include "base/base.h"
#include "base/tunables.h"

/* Takes one line about a bad option, with its newline: chars[0..n_chars). */
typedef void (*hmm_options_tell)(const char *chars, size_t n_chars);

/* Set the options that `text` names; report each bad one by one line; its value stays as
 * it is.
 *   source   what the line names as the text's origin: "HMM_OPTIONS"
 *   returns  number of bad ones
 */
size_t hmm_options_set(struct hmm_tunables *tunables, const char *source, const char *text,
                       hmm_options_tell tell);

#endif
