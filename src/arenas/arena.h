/* arena.h - an owner of slabs: one thread's, or shared under a lock by threads that allocate
 * little.
 *
 *   private arena: one thread's; a magazine per class in use; a buffer of remote frees. Its slabs
 *       are under its lock too, which is hardly ever contended: others take it to use what a
 *       thread that sleeps has left.
 *   shared arena: any thread under its lock; magazines hold nothing, blocks are taken and put
 *       singly.
 *   orphan arena: shared; receives the slabs of threads that ended, and gives them to whoever
 *       needs a slab.
 *
 * Layer   arenas. Start reading at struct hmm_arena; README.md of this folder has the order.
 */
#ifndef HMM_ARENAS_ARENA_H
#define HMM_ARENAS_ARENA_H

#include "arenas/magazine.h"

/* Freed blocks of slabs that the thread does not own, to be returned to those slabs. */
struct hmm_remote {
    uint32_t n_blocks;             /* owner */
    uint32_t weight;               /* owner: larger blocks fill the buffer sooner */
    void *blocks[HMM_REMOTE_OBJS]; /* owner: blocks[0..n_blocks) */
};

struct hmm_cached_run {
    const struct hmm_unit *record; /* owner: of its first unit; NULL when the place is free */
    uint32_t unit;                 /* owner */
    uint32_t n_units;              /* owner */
};

/* Pages of free slots, which are given back: see sweep.c. A level is free_bytes without what has
 * been given back of them. */
struct hmm_sweep {
    size_t purged_bytes;    /* lock:arena, given back */
    size_t from_bytes;      /* lock:arena, free_bytes when the last pass began, or fewer since */
    size_t swept_bytes;     /* lock:arena, level after the last pass, or a lower one since */
    size_t kept_bytes;      /* lock:arena, given back and needed again lately */
    size_t skipped_bytes;   /* lock:arena, of slabs that the pass has not looked at */
    struct hmm_swing swing; /* lock:arena, of slots in use, in units */
    uint32_t epoch;         /* lock:arena, passes and periods begun */
    uint32_t since;         /* lock:arena, the pass skips slabs that were taken from since */
    uint32_t period_epoch;  /* lock:arena, that of the beginning of this period, */
    uint32_t before_epoch;  /* lock:arena, and of the one before */
    size_t told_bytes;      /* lock:arena, free_bytes when the pages were last told: */
    uint32_t told_units;    /* lock:arena, its part of hmm_pages.unused_units, */
    uint32_t told_spare;    /* lock:arena, and of hmm_pages.slots_units */
    _Atomic(bool) waits;    /* atomic hint, set under lock:arena: there is something to do */
    _Atomic(bool) passes;   /* atomic hint, set under lock:arena: a pass has been begun */
    uint8_t class_idx;      /* lock:arena, where it is: in this bin, */
    uint8_t bucket;         /* lock:arena, in this list */
};

/* What those who visit arenas without work know of one: see visit.c. */
enum hmm_watch_state {
    HMM_WATCH_ACTIVE,  /* its thread has been at a slow path since the last look */
    HMM_WATCH_IDLE,    /* not since since_ns */
    HMM_WATCH_VISITED, /* what can go is going */
    HMM_WATCH_DONE,    /* it has gone */
};

struct hmm_watch {
    enum hmm_watch_state state; /* lock:arena */
    uint64_t since_ns;          /* lock:arena */
};

struct hmm_arena {
    struct hmm_arena *next; /* const: list of all arenas; this line is all that a fork reads */
    uint32_t tag;           /* const: arena tag, id << 8, as in page map entries */
    bool shared;            /* const */
    bool idle;              /* lock:registry, without a thread: in an idle list */
    uint32_t n_forks;       /* lock:registry, of a private one in use: hmm_arenas.n_forks then; */
    uintptr_t keeper;       /* lock:registry, and the thread that uses it (hmm_port_self) */
    struct hmm_lock lock;   /* lock `arena`: bins and slabs; a private one's magazines and buffers
                               are its thread's alone. Taken by hmm_arena_lock */
    _Atomic(uint32_t) seen_created;      /* atomic hint: n_created at its thread's last slow path */
    _Atomic(struct hmm_slab *) returned; /* atomic: stack of slabs that others freed into */
    struct hmm_arena *asks_next; /* owner: whose slabs it looks at next; NULL: the list's head */
    struct hmm_arena *next_idle; /* lock:registry */
    uint64_t released_at_ns;     /* lock:registry, of a warm one */
    struct hmm_magazine *magazines[HMM_CLASSES];         /* owner: NULL until a class is used */
    struct hmm_cached_run cached[HMM_LARGE_CACHED_RUNS]; /* owner */
    struct hmm_witness witness[HMM_WITNESSES];           /* owner: large blocks, by length */
    uint32_t cached_units;                               /* owner */
    uint32_t cached_max_units;                           /* owner: their limit, */
    bool cached_closed;              /* owner: or none are kept, for what was kept was not taken */
    struct hmm_rounds *spare_rounds; /* lock: empty ones, for any class with a depot */
    size_t depot_bytes;              /* lock: blocks in depots */
    size_t longer_bytes;             /* lock: that magazines may hold, being longer than at first */
    size_t slab_bytes;               /* lock: its slabs */
    size_t free_bytes;               /* lock: of those, free in the slabs' local words */
    struct hmm_sweep sweep;          /* lock */
    struct hmm_watch watch;          /* lock */
    size_t shrunk_bytes;             /* lock: what was not free when it last shrank; 0: never */
    uint32_t n_shrunk;               /* lock: how often in a row */
    uint32_t n_full;                 /* lock: how often a magazine was full */
    void *twice_free;          /* lock: a block that two threads have freed at once, or NULL */
    uint64_t shed_at_ns;       /* owner: when idle magazines were last emptied */
    struct hmm_thread *thread; /* lock: its thread's, while the end of that will be noticed; NULL */
    uint64_t paced_at_ns;      /* owner: when it last counted its frees to the end (heap/pace.h), */
    uint32_t pace_frees;       /* owner: how many these were, about */
    int32_t look_visits;       /* owner: slow paths from one look at the clock to the next one, */
    int32_t looks_left;        /* owner: of which so many are left; */
    uint64_t looked_at_ns;     /* owner: the time at the last look */
    bool sweeps_next;          /* owner: the last slow path gave back what is not this arena's */
    struct hmm_remote remote;  /* owner */
};

/* Where arenas live and which others there are. */
struct hmm_arenas {
    struct hmm_slabs slabs;      /* inner locks */
    struct hmm_lock registry;    /* lock `registry` */
    struct hmm_lock gate;        /* lock `gate`: held while the process forks: see hmm_arena_lock */
    uint32_t n_forks;            /* lock:registry: of this process and the ones it comes from */
    _Atomic(uint32_t) n_left;    /* lock:registry; also read as a hint: arenas of threads that the
                                    parent process has, not looked at yet: heap/fork.c */
    struct hmm_arena *left_next; /* lock:registry: none is before that one in the list of all */
    _Atomic(uint32_t) left_visits; /* atomic hint: slow paths taken since the fork */
    _Atomic(size_t) left_units;    /* atomic hint: the heap's length when some were last released */
    _Atomic(struct hmm_arena *)
        all;                  /* atomic: list of all, which only grows; written under registry */
    struct hmm_arena *warm;   /* lock:registry: private arenas without a thread, as it left them */
    struct hmm_arena *cold;   /* lock:registry: those that hold nothing */
    _Atomic(uint32_t) n_warm; /* lock:registry; also read as a hint */
    uint32_t n_arenas;        /* lock:registry */
    _Atomic(struct hmm_arena *) visit_next; /* atomic hint: which one is looked at next: visit.c */
    _Atomic(uint32_t) n_used; /* lock:registry; also read as a hint: private ones with a thread */
    _Atomic(uint32_t) n_created; /* atomic hint: slabs created so far; the clock of idleness */
    _Atomic(struct hmm_arena *) shared[HMM_SHARED_ARENAS + 1]; /* atomic: NULL until needed, then
                                     const; written under registry; the last: orphans */
};

/* How many times CROWD_ARENAS threads own one, at least 1: by so much each caches less. A hint. */
static inline uint32_t hmm_arenas_crowd(const struct hmm_arenas *arenas)
{
    uint32_t n = atomic_load_explicit(&arenas->n_used, memory_order_relaxed); /* a hint */
    return (uint32_t)hmm_max(n / HMM_CROWD_ARENAS, 1);
}

/* The newest arena; `next` leads to all older ones. */
static inline struct hmm_arena *hmm_arenas_all(const struct hmm_arenas *arenas)
{
    /* acquire: sees the arena's fields. pairs: hmm_arena_make */
    return atomic_load_explicit(&arenas->all, memory_order_acquire);
}

/* A shared arena, if it is there by now; NULL. The last one: of orphans. */
static inline struct hmm_arena *hmm_arenas_shared(const struct hmm_arenas *arenas, unsigned i)
{
    /* acquire: sees the arena's fields. pairs: hmm_arena_shared */
    return atomic_load_explicit(&arenas->shared[i], memory_order_acquire);
}

/* A new arena, in the list of all. NULL: out of memory. locks: held registry */
struct hmm_arena *hmm_arena_make(struct hmm_arenas *arenas, bool shared);
/* The shared arena of this number, made if need be. NULL: out of memory. locks: takes registry */
struct hmm_arena *hmm_arena_shared(struct hmm_arenas *arenas, unsigned i);
/* The arena's magazine of a class, made if need be. NULL: out of memory. caller: owner */
struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx);

#endif
