// own_new.cc - operators of a plugin's own, which throw by its own C++ library.
#include <cstdlib>
#include <new>

void *operator new(std::size_t size)
{
    void *block = std::malloc(size);
    if (block == nullptr)
        throw std::bad_alloc();
    return block;
}

void operator delete(void *block) noexcept
{
    std::free(block);
}

void operator delete(void *block, std::size_t) noexcept
{
    std::free(block);
}
