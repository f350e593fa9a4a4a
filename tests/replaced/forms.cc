// forms.cc - a program with operators new and delete of its own, a few of all forms: which ones, the macros OWN_... say. Each form of libhmm's leads
// to the one that the standard names, so that each call below is seen by the operator that it should come to, or by none. Blocks of the program's own
// operators begin 64 bytes into one of malloc's, or are longer than asked for: libhmm's delete takes none of the first, and has no size to check.
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <new>

static int n_passed, n_failed;
static int n_new, n_new_array, n_new_aligned, n_new_nothrow, n_delete, n_delete_array, n_delete_aligned, n_delete_sized;

enum { HEAD = 64, LONGER = 700 };
constexpr std::size_t huge = std::size_t(1) << 46;

struct Other {};

#ifdef BOTH
static void *with_head(std::size_t size)
{
    if (size >= huge)
        throw Other(); // of a type that nothing in libhmm knows
    char *block = static_cast<char *>(std::aligned_alloc(64, (size + HEAD + 63) / 64 * 64));
    return block + HEAD;
}
static void free_with_head(void *block)
{
    if (block != nullptr)
        std::free(static_cast<char *>(block) - HEAD);
}
#else
static void *with_head(std::size_t size)
{
    return std::malloc(size + LONGER);
}
static void free_with_head(void *block)
{
    std::free(block);
}
#endif

#ifdef OWN_NEW
void *operator new(std::size_t size)
{
    n_new++;
    return with_head(size);
}
#endif
#ifdef OWN_NEW_ARRAY
void *operator new[](std::size_t size)
{
    n_new_array++;
    return with_head(size);
}
#endif
#ifdef OWN_NEW_ALIGNED
void *operator new(std::size_t size, std::align_val_t)
{
    n_new_aligned++;
    return with_head(size);
}
#endif
#ifdef OWN_NEW_NOTHROW
void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    n_new_nothrow++;
    return size >= huge ? nullptr : with_head(size);
}
#endif
#ifdef OWN_DELETE
void operator delete(void *block) noexcept
{
    n_delete++;
    free_with_head(block);
}
#endif
#ifdef OWN_DELETE_ARRAY
void operator delete[](void *block) noexcept
{
    n_delete_array++;
    free_with_head(block);
}
#endif
#ifdef OWN_DELETE_ALIGNED
void operator delete(void *block, std::align_val_t) noexcept
{
    n_delete_aligned++;
    free_with_head(block);
}
#endif
#ifdef OWN_DELETE_SIZED
void operator delete(void *block, std::size_t) noexcept
{
    n_delete_sized++;
    free_with_head(block);
}
#endif

// Where do they lead? SEEN: the program's operators are found at all (a preloaded library comes before other libraries).
#ifdef NOT_SEEN
#define HAS(name) false
#else
#define HAS(name) name
#endif
#ifdef OWN_NEW
static bool has_new = HAS(true);
#else
static bool has_new = false;
#endif
#ifdef OWN_NEW_ARRAY
static bool has_new_array = HAS(true);
#else
static bool has_new_array = false;
#endif
#ifdef OWN_NEW_ALIGNED
static bool has_new_aligned = HAS(true);
#else
static bool has_new_aligned = false;
#endif
#ifdef OWN_NEW_NOTHROW
static bool has_new_nothrow = HAS(true);
#else
static bool has_new_nothrow = false;
#endif
#ifdef OWN_DELETE
static bool has_delete = HAS(true);
#else
static bool has_delete = false;
#endif
#ifdef OWN_DELETE_ARRAY
static bool has_delete_array = HAS(true);
#else
static bool has_delete_array = false;
#endif
#ifdef OWN_DELETE_ALIGNED
static bool has_delete_aligned = HAS(true);
#else
static bool has_delete_aligned = false;
#endif
#ifdef OWN_DELETE_SIZED
static bool has_delete_sized = HAS(true);
#else
static bool has_delete_sized = false;
#endif

static int *all[] = {&n_new, &n_new_array, &n_new_aligned, &n_new_nothrow, &n_delete, &n_delete_array, &n_delete_aligned, &n_delete_sized};

struct Step { // one that is there is called, then the next in the row is, if that one is the program's as well
    bool has;
    int *count;
};

// The first operator of the row that the program has is called, and nothing else.
template <class Call> static auto leads(int line, Call call, Step a, Step b = {}, Step c = {})
{
    int before[8], sum = 0;
    for (int i = 0; i < 8; i++)
        before[i] = *all[i];
    auto result = call();
    Step *found = a.has ? &a : b.has ? &b : c.has ? &c : nullptr;
    bool right = true;
    for (int i = 0; i < 8; i++) {
        int n = *all[i] - before[i];
        sum += n;
        if (n != (found != nullptr && all[i] == found->count))
            right = false;
    }
    if (right)
        n_passed++;
    else
        n_failed++, std::printf("line %d: failed: %d calls, or another than it should be\n", line, sum);
    return result;
}
#define LEADS(call, ...) leads(__LINE__, [&] { return call; }, __VA_ARGS__)
#define FREES(call, ...) leads(__LINE__, [&] { call; return 0; }, __VA_ARGS__)

int main()
{
    Step new_ = {has_new, &n_new}, array = {has_new_array, &n_new_array}, aligned = {has_new_aligned, &n_new_aligned};
    Step nothrow = {has_new_nothrow, &n_new_nothrow}, sized = {has_delete_sized, &n_delete_sized};
    Step delete_ = {has_delete, &n_delete}, delete_array = {has_delete_array, &n_delete_array};
    Step delete_aligned = {has_delete_aligned, &n_delete_aligned};
    constexpr std::align_val_t wide{64};
    for (std::size_t size : {std::size_t(1), std::size_t(40), std::size_t(3000), std::size_t(100000)}) {
        for (int i = 0; i < 200; i++) { // also when there are hits
            void *p = LEADS(::operator new(size), new_);
            FREES(::operator delete(p), delete_);
            p = LEADS(::operator new(size), new_);
            FREES(::operator delete(p, size), sized, delete_);
            p = LEADS(::operator new(size), new_);
            FREES(::operator delete(p, std::nothrow), delete_);
#ifndef ARRAYS_APART
            p = LEADS(::operator new[](size), array, new_);
            FREES(::operator delete[](p), delete_array, delete_);
            p = LEADS(::operator new[](size), array, new_);
            FREES(::operator delete[](p, size), delete_array, delete_);
            p = LEADS(::operator new[](size, std::nothrow), array, new_);
            FREES(::operator delete[](p, std::nothrow), delete_array, delete_);
#endif
            p = LEADS(::operator new(size, std::nothrow), nothrow, new_);
            FREES(::operator delete(p, size), sized, delete_);
            p = LEADS(::operator new(size, wide), aligned);
            FREES(::operator delete(p, wide), delete_aligned);
            p = LEADS(::operator new[](size, wide), aligned);
            FREES(::operator delete[](p, size, wide), delete_aligned);
            p = LEADS(::operator new(size, wide, std::nothrow), aligned);
            FREES(::operator delete(p, wide, std::nothrow), delete_aligned);
            p = LEADS(::operator new[](size, wide, std::nothrow), aligned);
            FREES(::operator delete(p, size, wide), delete_aligned);
        }
    }
    // whatever the program's own throws, these return nullptr
    void *p = LEADS(::operator new(huge, std::nothrow), nothrow, new_);
    void *q = LEADS(::operator new[](huge, std::nothrow), array, new_);
    void *r = LEADS(::operator new(huge, wide, std::nothrow), aligned);
    void *s = LEADS(::operator new[](huge, wide, std::nothrow), aligned);
    if (p != nullptr || q != nullptr || r != nullptr || s != nullptr)
        n_failed++, std::puts("failed: huge blocks");
    std::printf("%d checks passed, %d failed\n", n_passed, n_failed);
    return n_failed != 0;
}
