// main.cc - words of the input counted, in a heap of their own: 1 MiB, and not a byte more.
#include <hmm.hpp>

#include <iostream>
#include <map>
#include <string>

int main()
{
    alignas(16) static std::byte buffer[1 << 20];
    hmm::heap heap(buffer, sizeof buffer);
    std::pmr::map<std::pmr::string, int> counts(heap.resource());
    try {
        for (std::string word; std::cin >> word;)
            counts[std::pmr::string(word, heap.resource())]++;
    } catch (const std::bad_alloc &) {
        std::cerr << "too many different words for 1 MiB\n";
        return 1;
    }
    HmmHeapStats stats;
    HmmHeapGetStats(heap.get(), &stats);
    std::cout << counts.size() << " words in " << stats.live_bytes << " bytes\n";
}
