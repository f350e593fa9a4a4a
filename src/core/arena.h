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
 * Layer   core, above magazine, below large and heap.
 */
#ifndef HMM_CORE_ARENA_H
#define HMM_CORE_ARENA_H

#include "core/magazine.h"

/* Frees of blocks in slabs that the thread does not own, on their way home. */
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

struct hmm_arena {
    struct hmm_arena *next; /* const: list of all arenas; this line is all that a fork reads */
    uint32_t tag;           /* const: id << 8, as in page map entries */
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
    uint32_t cached_units;                               /* owner */
    uint32_t cached_max_units;                           /* owner: their limit */
    struct hmm_rounds *spare_rounds; /* lock: empty ones, for any class with a depot */
    size_t depot_bytes;              /* lock: blocks in depots */
    size_t slab_bytes;               /* lock: its slabs */
    size_t free_bytes;               /* lock: of those, free in the slabs' local words */
    size_t sweep_at_bytes;           /* lock: free_bytes from which pages are looked for */
    size_t kept_bytes;               /* lock: pages given back and needed again */
    size_t shrunk_bytes;             /* lock: what was not free when it last shrank; 0: never */
    uint32_t n_shrunk;               /* lock: how often in a row */
    uint32_t n_full;                 /* lock: how often a magazine was full */
    void *twice_free;         /* lock: a block that two threads have freed at once, or NULL */
    uint64_t shed_at_ns;      /* owner: when idle magazines were last emptied */
    struct hmm_remote remote; /* owner */
};

/* Where arenas live and which others there are. */
struct hmm_arenas {
    struct hmm_slabs slabs;      /* inner locks */
    struct hmm_lock registry;    /* lock `registry` */
    struct hmm_lock gate;        /* lock `gate`: held while the process forks: see hmm_arena_lock */
    uint32_t n_forks;            /* lock:registry: of this process and the ones it comes from */
    _Atomic(uint32_t) n_left;    /* lock:registry; also read as a hint: arenas of threads that the
                                    parent process has, not looked at yet: fork.c */
    struct hmm_arena *left_next; /* lock:registry: none is before that one in the list of all */
    _Atomic(uint32_t) left_visits; /* atomic hint: slow paths taken since the fork */
    _Atomic(size_t) left_units;    /* atomic hint: the heap's length when some were last released */
    _Atomic(struct hmm_arena *)
        all;                  /* atomic: list of all, which only grows; written under registry */
    struct hmm_arena *warm;   /* lock:registry: private arenas without a thread, as it left them */
    struct hmm_arena *cold;   /* lock:registry: those that hold nothing */
    _Atomic(uint32_t) n_warm; /* lock:registry; also read as a hint */
    uint32_t n_arenas;        /* lock:registry */
    _Atomic(uint32_t) n_created; /* atomic hint: slabs created so far; the clock of idleness */
    _Atomic(struct hmm_arena *) shared[HMM_SHARED_ARENAS + 1]; /* atomic: NULL until needed, then
                                     const; written under registry; the last: orphans */
};

/* The newest arena; `next` leads to all older ones. */
static inline struct hmm_arena *hmm_arenas_all(const struct hmm_arenas *arenas)
{
    /* acquire: sees the arena's fields. pairs: make_arena */
    return atomic_load_explicit(&arenas->all, memory_order_acquire);
}

/* A shared arena, if it is there by now; NULL. */
static inline struct hmm_arena *hmm_arenas_shared(const struct hmm_arenas *arenas, unsigned i)
{
    /* acquire: sees the arena's fields. pairs: shared_arena */
    return atomic_load_explicit(&arenas->shared[i], memory_order_acquire);
}

/* --- the gate -----------------------------------------------------------------------------------
 * While a process forks, no arena may be half changed. There may be thousands: they are not locked,
 * for that would copy a page of each in the child, or in the parent after the fork. Instead every
 * thread that takes an arena's lock looks at the gate afterwards, and goes back if another one has
 * closed it; the one that forks closes the gate, then waits for each lock until it is free. Both
 * write one word, then read the other, in one order for all (seq_cst): so either the thread sees
 * the gate closed, or the one that forks sees the lock taken, and waits.
 */

/* Has another thread closed it? */
static inline bool hmm_arenas_closed(const struct hmm_arenas *arenas)
{
    uintptr_t holder = hmm_lock_holder(&arenas->gate);
    return hmm_unlikely(holder != 0) && !hmm_lock_is_own(holder);
}

/* The gate was closed when the arena's lock had been taken. */
void hmm_arena_lock_again(struct hmm_arenas *arenas, struct hmm_arena *arena);

/* Take the arena's lock. The thread holds no other arena's: one that does takes a second one by
 * hmm_lock_take or hmm_lock_try, and gives it first. */
static inline void hmm_arena_lock(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_lock_take(&arena->lock);
    if (hmm_arenas_closed(arenas))
        hmm_arena_lock_again(arenas, arena);
}

static inline bool hmm_arena_try_lock(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    if (!hmm_lock_try(&arena->lock))
        return false;
    bool closed = hmm_arenas_closed(arenas);
    if (closed)
        hmm_lock_give(&arena->lock);
    return !closed;
}

/* The calling thread uses it from now on. locks: held registry */
static inline void hmm_arena_keep(const struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    arena->idle = false;
    arena->keeper = hmm_port_self();
    arena->n_forks = arenas->n_forks;
}

/* Does the arena belong to a thread that the parent process has, and this one does not? Its slabs
 * are whole. Of its magazines and buffers only what is not a live block counts: what is one was
 * about to go in, or had just gone out. */
static inline bool hmm_arena_is_left(const struct hmm_arenas *arenas, const struct hmm_arena *arena)
{
    return !arena->shared && !arena->idle && arena->n_forks != arenas->n_forks;
}

static inline bool hmm_arenas_have_left(const struct hmm_arenas *arenas)
{
    return atomic_load_explicit(&arenas->n_left, memory_order_relaxed) != 0; /* relaxed: a hint */
}

/* Before a fork: close the gate, and wait until no arena is locked, but those that the calling
 * thread has locked itself. locks: held registry; takes gate */
void hmm_arenas_fork_prepare(struct hmm_arenas *arenas);
/* In the child: what other threads used is left; locks that they held are free. locks: held
 * registry, gate */
void hmm_arenas_fork_child(struct hmm_arenas *arenas);
/* One that is left, now the calling thread's; NULL: there are none. */
struct hmm_arena *hmm_arenas_take_left(struct hmm_arenas *arenas);

/* False: out of memory. */
bool hmm_arenas_init(struct hmm_arenas *arenas);
/* A private arena for the calling thread: an idle one, or a new one. NULL: out of memory. */
struct hmm_arena *hmm_arena_acquire(struct hmm_arenas *arenas);
/* Is there one that the next thread can go on with? A hint. */
static inline bool hmm_arenas_have_warm(const struct hmm_arenas *arenas)
{
    return atomic_load_explicit(&arenas->n_warm, memory_order_relaxed) != 0; /* relaxed: a hint */
}
/* The thread ends. A few arenas wait as they are for the next thread. Of others everything goes
 * home, and the slabs to the orphan arena. */
void hmm_arena_release(struct hmm_arenas *arenas, struct hmm_arena *arena);
/* Do so for arenas that have waited for longer than wait_ns. */
void hmm_arenas_cool(struct hmm_arenas *arenas, uint64_t wait_ns);

/* The arena's magazine of a class, made if need be. NULL: out of memory. caller: owner */
struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx);

/* Refill an empty magazine. False: out of memory. caller: owner of a private arena */
bool hmm_arena_refill(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag);
/* A full magazine gets room for a block at least: it grows, its rounds go into the depot, or blocks
 * go home. caller: owner of a private arena */
void hmm_arena_make_room(struct hmm_arenas *arenas, struct hmm_arena *arena,
                         struct hmm_magazine *mag);

/* A caller's block of the arena's own slab goes home at once, since its magazine is closed.
 * Returns PUSH_DONE or PUSH_NOT_LIVE. caller: owner of a private arena */
enum hmm_push hmm_arena_put_home(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                 struct hmm_magazine *mag, void *block);

/* Which free blocks of an arena go home, and after them its wholly free slabs. */
enum hmm_shed {
    HMM_SHED_IDLE,       /* those of magazines, and parts of depots, not used since the last time */
    HMM_SHED_FOR_GROWTH, /* and all depots': the heap is about to grow */
    HMM_SHED_ALL,
};
/* With the remote frees. caller: owner */
void hmm_arena_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed);
/* Wholly free slabs of all arenas go, once what others have freed into them is collected; what
 * their threads' magazines hold stays. locks: takes arena, of each */
void hmm_arenas_shed_slabs(struct hmm_arenas *arenas);
/* The same within a slow path, without the remote frees. locks: held arena */
void hmm_arena_shed_locked(struct hmm_arenas *arenas, struct hmm_arena *arena, enum hmm_shed shed);

/* One block of a shared arena for a caller; any thread. NULL: out of memory. */
void *hmm_arena_take_shared(struct hmm_arenas *arenas, unsigned class_idx);
/* A caller's block goes home to its slab from a thread without an arena. PUSH_DONE, or
 * PUSH_NOT_LIVE
 */
enum hmm_push hmm_arena_put_shared(struct hmm_arenas *arenas, unsigned class_idx, void *block);

/* Fill last[0], last[-1] ... with up to `want` free blocks. Returns how many; 0: out of memory.
 * locks: held arena */
unsigned hmm_bin_take(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                      hmm_mark *last, unsigned want);
/* Put marks[0..n_marks) back, each to its slab; one whose slab is another's by now goes there. One
 * that was free already is noted in arena->twice_free. locks: held arena */
void hmm_bin_put_all(struct hmm_arenas *arenas, struct hmm_arena *arena, const hmm_mark *marks,
                     unsigned n_marks);
/* Collect what others freed into the arena's own slab. locks: held arena */
void hmm_bin_collect(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_slab *slab);
/* Let wholly free slabs of the bin go. locks: held arena */
void hmm_bin_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin);
/* Take over every slab that `from` owns. locks: held arena, of both */
void hmm_bin_move_all(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *to);

/* Pages of free slots (sweep.c). All: locks: held arena */

/* Give those of partly used slabs back. */
void hmm_sweep(struct hmm_pages *pages, struct hmm_arena *arena);
/* The slots of marks first..last have been taken from a slab with such pages. */
void hmm_sweep_note_taken(struct hmm_arena *arena, struct hmm_slab *slab, hmm_mark first,
                          hmm_mark last);

static inline size_t hmm_sweep_limit(const struct hmm_arena *arena)
{
    size_t held_bytes = arena->slab_bytes - arena->free_bytes;
    return arena->free_bytes + HMM_SWEEP_MIN_BYTES + held_bytes / HMM_SWEEP_DIVISOR +
           arena->kept_bytes;
}

/* Is it time to look for them? */
static inline bool hmm_sweep_due(struct hmm_arena *arena)
{
    size_t limit = hmm_sweep_limit(arena);
    if (limit < arena->sweep_at_bytes || arena->sweep_at_bytes == 0)
        arena->sweep_at_bytes = limit;
    return arena->free_bytes > arena->sweep_at_bytes;
}

/* Depots (depot.c). All: locks: held arena */

/* Bytes of the rounds of a class. */
size_t hmm_rounds_bytes(const struct hmm_magazine *mag);
/* Set the full rounds aside and load empty ones. False: no more are to be kept, or no memory. */
bool hmm_depot_store(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag);
/* Load full rounds in place of the empty ones. False: there are none. */
bool hmm_depot_fetch(struct hmm_arena *arena, struct hmm_magazine *mag);
/* Send the oldest full rounds home. There are some. */
void hmm_depot_drop_oldest(struct hmm_arenas *arenas, struct hmm_arena *arena,
                           struct hmm_magazine *mag);
/* Send home what was not needed since the last look, or all. */
void hmm_depot_shed(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag,
                    bool all);
/* So many blocks went home to the slabs, or came from there. */
void hmm_depot_note_sent(struct hmm_magazine *mag, unsigned n);
void hmm_depot_note_fetched(struct hmm_magazine *mag, unsigned n);

/* Remote frees (remote.c): a block goes home to the slab's owner. */

/* A caller's block. Returns PUSH_DONE or PUSH_NOT_LIVE. caller: owner */
enum hmm_push hmm_remote_put(struct hmm_arenas *arenas, struct hmm_arena *arena, void *block,
                             unsigned class_idx);
/* One that was free in a magazine. locks: held arena */
void hmm_remote_push(struct hmm_arenas *arenas, struct hmm_arena *arena, void *block,
                     unsigned class_idx);
/* One whose state is free, without a buffer. False: its slot was free already: two threads have
 * freed it at once. locks: held arena, any: a fork's child finds the block in one place */
bool hmm_remote_free_one(struct hmm_arenas *arenas, void *block);
/* Send all of the arena's buffer. caller: owner */
void hmm_remote_flush(struct hmm_arenas *arenas, struct hmm_arena *arena);
/* Owners at their slow paths: take an arena's lock, and give it. A block that two threads have
 * freed at once ends the process then. */
void hmm_arena_enter(struct hmm_arenas *arenas, struct hmm_arena *arena);
void hmm_arena_leave(struct hmm_arena *arena);
/* Collect what others freed into the arena's slabs. locks: held arena */
void hmm_remote_collect(struct hmm_arenas *arenas, struct hmm_arena *arena);

#endif
