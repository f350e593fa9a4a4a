// hpp_modes.cc - hmm.hpp without RTTI and without exceptions: compiles, and works until there is no memory.
#include <hmm.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

alignas(16) static char buffer[65536], other[4096];

int main(int argc, char **argv)
{
    hmm::heap heap(buffer, sizeof buffer), second(other, sizeof other);
    hmm::heap_resource same(heap.get());
    std::pmr::vector<int> numbers(heap.resource());
    std::vector<int, hmm::heap_allocator<int>> more{hmm::heap_allocator<int>(heap)};
    std::vector<double, hmm::allocator<double>> process(100, 1.5);
    for (int i = 0; i < 100; i++) {
        numbers.push_back(i);
        more.push_back(i);
    }
    bool right = numbers[99] == 99 && more[99] == 99 && process[99] == 1.5;
    right = right && *heap.resource() == *heap.resource() && *heap.resource() != *second.resource();
#ifdef __cpp_rtti
    right = right && same == *heap.resource();
#else
    right = right && same != *heap.resource() && same == same;
#endif
    if (argc > 1 && std::strcmp(argv[1], "too-much") == 0) { // in constructor or container
        more.reserve(100000);
        right = false;
    }
    if (argc > 1 && std::strcmp(argv[1], "too-small") == 0) {
        hmm::heap none(buffer, 20);
        right = false;
    }
    std::puts(right ? "right" : "wrong");
    return right ? 0 : 1;
}
