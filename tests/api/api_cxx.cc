// api_cxx.cc - all forms of operator new and delete come to libhmm; handlers and bad_alloc work.
#include "hmm.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <vector>

static int n_passed, n_failed;
#define CHECK(c) ((c) ? (void)n_passed++ : (n_failed++, (void)std::printf("line %d: failed: %s\n", __LINE__, #c)))

struct alignas(256) Wide {
    char bytes[300];
};

static int n_handled;
static void handler()
{
    if (++n_handled == 3)
        std::set_new_handler(nullptr);
}

static size_t live()
{
    HmmStats s;
    HmmGetStats(&s);
    return s.live_blocks;
}

int main()
{
    size_t huge = std::numeric_limits<ptrdiff_t>::max();
    size_t before = live();
    int *a = new int(5);
    int *b = new int[100];
    Wide *c = new Wide;
    Wide *d = new Wide[3];
    int *e = new (std::nothrow) int;
    int *f = new (std::nothrow) int[7];
    Wide *g = new (std::nothrow) Wide;
    void *h = ::operator new(0);
    CHECK(live() == before + 8);
    CHECK(reinterpret_cast<uintptr_t>(c) % 256 == 0 && reinterpret_cast<uintptr_t>(d) % 256 == 0);
    CHECK(reinterpret_cast<uintptr_t>(g) % 256 == 0);
    CHECK(HmmUsableSize(b) >= 400 && h != nullptr);
    delete a;
    delete[] b;
    delete c;
    delete[] d;
    ::operator delete(e, std::nothrow);
    ::operator delete[](f, std::nothrow);
    ::operator delete(g, std::align_val_t(256), std::nothrow);
    ::operator delete(h, size_t(0));
    ::operator delete(::operator new(40), size_t(40));
    ::operator delete[](::operator new[](40, std::align_val_t(64)), size_t(40), std::align_val_t(64));
    ::operator delete(nullptr, size_t(40));
    CHECK(live() == before);
    for (int round = 0; round < 2; round++) { // in a small heap, and in a larger one
        for (size_t size = 1; size < 70000; size += 5)
            ::operator delete(::operator new(size), size);
        for (int i = 0; i < 20000; i++)
            (void)::operator new(1000);
    }

    bool thrown = false;
    try {
        ::operator delete(::operator new(huge));
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    CHECK(thrown);
    thrown = false;
    try {
        ::operator delete(::operator new(huge, std::align_val_t(4096)));
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    CHECK(thrown);
    CHECK(::operator new(huge, std::nothrow) == nullptr);
    std::set_new_handler(handler);
    CHECK(::operator new(huge, std::nothrow) == nullptr);
    CHECK(n_handled == 3);

    {
        std::map<std::string, std::vector<int>> m;
        for (int i = 0; i < 20000; i++)
            m[std::to_string(i % 1000)].push_back(i);
        CHECK(m.size() == 1000);
    }
    CHECK(HmmCheck() == nullptr);
    std::printf("%d checks passed, %d failed\n", n_passed, n_failed);
    return n_failed != 0;
}
