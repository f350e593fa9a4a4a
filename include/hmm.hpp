// hmm.hpp - libhmm in C++17: allocators and memory resources for the process heap, and for heaps
// over a buffer.
//
//     std::vector<int, hmm::allocator<int>> numbers;             // the process heap
//
//     alignas(16) static std::byte buffer[65536];
//     hmm::heap heap(buffer, sizeof buffer);                     // a heap of its own
//     std::pmr::vector<int> more(heap.resource());
//     std::vector<int, hmm::heap_allocator<int>> others(heap);
//
// Where there is no memory, or a heap's buffer is too small, std::bad_alloc is thrown. Compiled
// with -fno-exceptions, std::abort is called instead, since neither a container nor a constructor
// can return nullptr; HmmHeapCreate, HmmHeapAlloc and HmmAlloc can. With -fno-rtti two resources
// are equal only if they are the same object; otherwise also if they are of the same heap. All
// objects of a program should be compiled with the same of these options. on_error of a heap's
// options is for misuse, not for a lack of memory.
#ifndef HMM_HPP
#define HMM_HPP

#include "hmm.h"
#include "hmm_heap.h"

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory_resource>
#include <new>

namespace hmm
{

namespace detail
{

[[noreturn]] inline void out_of_memory()
{
#ifdef __cpp_exceptions
    throw std::bad_alloc();
#else
    std::abort();
#endif
}

// Bytes of n objects of T; a product that overflows is out of memory, too.
template <class T> std::size_t bytes_of(std::size_t n)
{
    if (n > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T))
        out_of_memory();
    return n == 0 ? 1 : n * sizeof(T);
}

constexpr std::size_t natural_alignment = 16;

inline void *checked(void *block)
{
    if (block == nullptr)
        out_of_memory();
    return block;
}

} // namespace detail

// Of the process heap: std::allocator's place taken by HmmAlloc and HmmFree.
template <class T> class allocator
{
  public:
    using value_type = T;

    allocator() noexcept = default;
    template <class U> allocator(const allocator<U> &) noexcept {}

    [[nodiscard]] T *allocate(std::size_t n)
    {
        std::size_t bytes = detail::bytes_of<T>(n);
        void *block = alignof(T) > detail::natural_alignment ? HmmAllocAligned(alignof(T), bytes)
                                                             : HmmAlloc(bytes);
        return static_cast<T *>(detail::checked(block));
    }
    void deallocate(T *block, std::size_t) noexcept
    {
        HmmFree(block);
    }

    template <class U> bool operator==(const allocator<U> &) const noexcept
    {
        return true;
    }
    template <class U> bool operator!=(const allocator<U> &) const noexcept
    {
        return false;
    }
};

// Of the process heap, for std::pmr; lives as long as the program.
inline std::pmr::memory_resource *process_resource() noexcept
{
    class resource final : public std::pmr::memory_resource
    {
        void *do_allocate(std::size_t bytes, std::size_t alignment) override
        {
            bytes = bytes == 0 ? 1 : bytes;
            return detail::checked(alignment > detail::natural_alignment
                                       ? HmmAllocAligned(alignment, bytes)
                                       : HmmAlloc(bytes));
        }
        void do_deallocate(void *block, std::size_t, std::size_t) override
        {
            HmmFree(block);
        }
        bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
        {
            return this == &other;
        }
    };
    static resource one;
    return &one;
}

// For std::pmr, over an HmmHeap that outlives it.
class heap_resource final : public std::pmr::memory_resource
{
  public:
    explicit heap_resource(HmmHeap *heap) noexcept : heap_(heap) {}

  private:
    void *do_allocate(std::size_t bytes, std::size_t alignment) override
    {
        return detail::checked(HmmHeapAllocAligned(heap_, alignment, bytes == 0 ? 1 : bytes));
    }
    void do_deallocate(void *block, std::size_t, std::size_t) override
    {
        HmmHeapFree(heap_, block);
    }
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
#ifdef __cpp_rtti
        auto *same = dynamic_cast<const heap_resource *>(&other);
        return same != nullptr && same->heap_ == heap_;
#else
        return this == &other;
#endif
    }

    HmmHeap *heap_;
};

// A heap over a buffer, made and destroyed with this object.
class heap
{
  public:
    // If the buffer is too small: as without memory.
    heap(void *buffer, std::size_t bytes, const HmmHeapOptions *options = nullptr)
        : heap_(static_cast<HmmHeap *>(detail::checked(HmmHeapCreate(buffer, bytes, options)))),
          resource_(heap_)
    {
    }
    ~heap()
    {
        HmmHeapDestroy(heap_);
    }
    heap(const heap &) = delete;
    heap &operator=(const heap &) = delete;

    HmmHeap *get() const noexcept
    {
        return heap_;
    }
    std::pmr::memory_resource *resource() noexcept
    {
        return &resource_;
    }

  private:
    HmmHeap *heap_;
    heap_resource resource_;
};

// Of a heap over a buffer, for containers.
template <class T> class heap_allocator
{
  public:
    using value_type = T;

    heap_allocator(const heap &of) noexcept : heap_(of.get()) {}
    explicit heap_allocator(HmmHeap *of) noexcept : heap_(of) {}
    template <class U> heap_allocator(const heap_allocator<U> &other) noexcept : heap_(other.get())
    {
    }

    [[nodiscard]] T *allocate(std::size_t n)
    {
        void *block = HmmHeapAllocAligned(heap_, alignof(T), detail::bytes_of<T>(n));
        return static_cast<T *>(detail::checked(block));
    }
    void deallocate(T *block, std::size_t) noexcept
    {
        HmmHeapFree(heap_, block);
    }
    HmmHeap *get() const noexcept
    {
        return heap_;
    }

    template <class U> bool operator==(const heap_allocator<U> &other) const noexcept
    {
        return heap_ == other.get();
    }
    template <class U> bool operator!=(const heap_allocator<U> &other) const noexcept
    {
        return heap_ != other.get();
    }

  private:
    HmmHeap *heap_;
};

} // namespace hmm

#endif
