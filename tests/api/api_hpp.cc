// api_hpp.cc - hmm.hpp: containers on the process heap and on heaps over a buffer.
#include "hmm.hpp"

#include <cstdint>
#include <cstdio>
#include <list>
#include <map>
#include <string>
#include <vector>

static int failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::printf("line %d: %s\n", __LINE__, #condition);                                    \
            failed++;                                                                              \
        }                                                                                          \
    } while (0)

struct alignas(64) Line {
    char bytes[64];
};

template <class Call> static bool throws_bad_alloc(Call call)
{
    try {
        call();
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

static bool is_ours(const void *block)
{
    return HmmUsableSize(block) != 0;
}

static void process_heap()
{
    std::vector<int, hmm::allocator<int>> numbers;
    for (int i = 0; i < 10000; i++)
        numbers.push_back(i);
    CHECK(is_ours(numbers.data()) && numbers[9999] == 9999);
    std::list<Line, hmm::allocator<Line>> lines(10);
    for (const Line &line : lines)
        CHECK(reinterpret_cast<std::uintptr_t>(&line) % 64 == 0);
    CHECK(hmm::allocator<int>() == hmm::allocator<char>());
    CHECK(throws_bad_alloc([] { (void)hmm::allocator<int>().allocate(SIZE_MAX / 2); }));
    CHECK(throws_bad_alloc([] { (void)hmm::allocator<char>().allocate(SIZE_MAX / 2 - 1000); }));
    std::pmr::vector<Line> more(20, hmm::process_resource());
    CHECK(reinterpret_cast<std::uintptr_t>(more.data()) % 64 == 0 && is_ours(more.data()));
    CHECK(*hmm::process_resource() == *hmm::process_resource());
}

static void buffer_heap()
{
    alignas(16) static std::byte buffer[65536];
    hmm::heap heap(buffer, sizeof buffer);
    hmm::heap_resource same(heap.get());
    CHECK(*heap.resource() == same && *heap.resource() != *hmm::process_resource());
    {
        std::pmr::map<std::pmr::string, int> words(heap.resource());
        for (int i = 0; i < 300; i++)
            words[std::pmr::string("a word too long to be kept inside, ") +
                  std::to_string(i).c_str()] = i;
        CHECK(words.size() == 300 && HmmHeapCheck(heap.get()) == nullptr);
        std::vector<Line, hmm::heap_allocator<Line>> lines(10, Line(), heap);
        auto *at = reinterpret_cast<std::byte *>(lines.data());
        CHECK(at > buffer && at < buffer + sizeof buffer);
        CHECK(reinterpret_cast<std::uintptr_t>(at) % 64 == 0);
        CHECK(throws_bad_alloc([&] { lines.resize(5000); }) && lines.size() == 10);
    }
    HmmHeapStats stats;
    HmmHeapGetStats(heap.get(), &stats);
    CHECK(stats.live_blocks == 0 && HmmHeapCheck(heap.get()) == nullptr);
    CHECK(throws_bad_alloc([] { hmm::heap(buffer, 20); }));
}

int main()
{
    process_heap();
    buffer_heap();
    std::printf("%d failed\n", failed);
    return failed != 0;
}
