/* tunables.h - tunables.def as C: constants, and a struct of the run-time values.
 *
 * Layer   base.
 */
#ifndef HMM_BASE_TUNABLES_H
#define HMM_BASE_TUNABLES_H

#include <stddef.h>
#include <stdint.h>

#define HMM_FIXED(name, value, unit, why) HMM_##name = (value),
#define HMM_TUNABLE(name, dflt, min, max, unit, why)
enum hmm_fixed {
#include "base/tunables.def"
    HMM_GRANULE_BYTES = 1 << HMM_GRANULE_SHIFT,
    HMM_UNIT_BYTES = 1 << HMM_UNIT_SHIFT,
    HMM_STATE_MAX_BYTES = HMM_GRANULE_BYTES << (HMM_STATE_KINDS - 1),
};
#undef HMM_FIXED
#undef HMM_TUNABLE

#define HMM_FIXED(name, value, unit, why)
/* Of a default above what size_t can say the compiler warns. */
#define HMM_TUNABLE(name, dflt, min, max, unit, why) size_t name;
struct hmm_tunables {
#include "base/tunables.def"
};
#undef HMM_TUNABLE

#define HMM_TUNABLE(name, dflt, min, max, unit, why) .name = (dflt),
static inline const struct hmm_tunables *hmm_tunables_defaults(void)
{
    static const struct hmm_tunables t = {
#include "base/tunables.def"
    };
    return &t;
}
#undef HMM_FIXED
#undef HMM_TUNABLE

#endif
