/* clock.h - linux: the kernel's clock, and how slowly time passes. Private to this folder.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_LINUX_CLOCK_H
#define HMM_PORT_LINUX_CLOCK_H

#include "base/base.h"

#include <time.h>

/* Of one of its clocks, by a bare call. */
uint64_t clock_kernel_ns(clockid_t clock);

/* How many times longer everything lately takes than if no other process used the processor: 1 to
 * CLOCK_SLOWNESS_MAX. `now_ns` tells when it is time to measure that anew. */
uint64_t share_slowness(uint64_t now_ns);

#endif
