// bad_alloc.cc - std::bad_alloc is thrown and caught, in a program or in a plugin (run is what a host calls). CATCH: the type that is caught, which
// decides how much of a static C++ library is in the program.
#include <cstdio>
#include <exception>
#include <new>
#include <thread>
#ifndef CATCH
#define CATCH const std::bad_alloc &
#endif

constexpr std::size_t huge = std::size_t(1) << 46;

static int tries(std::size_t size, int form)
{
    try {
        void *volatile p;
        if (form == 0) {
            p = ::operator new(size);
            ::operator delete(p);
        } else if (form == 1) {
            p = ::operator new[](size);
            ::operator delete[](p);
        } else {
            p = ::operator new(size, std::align_val_t(64));
            ::operator delete(p, std::align_val_t(64));
        }
        return 0;
    } catch (CATCH) {
        return 1;
    }
}

#ifdef HANDLERS
static int n_handled;
static void handler()
{
    if (++n_handled == 3)
        std::set_new_handler(nullptr);
}
struct Worse : std::bad_alloc {};
static void throwing_handler()
{
    n_handled++;
    throw Worse();
}
static bool handlers_work()
{
    n_handled = 0;
    std::set_new_handler(handler);
    bool right = tries(huge, 0) == 1 && n_handled == 3;
    std::set_new_handler(throwing_handler);
    right = right && ::operator new(huge, std::nothrow) == nullptr && n_handled == 4;
    right = right && ::operator new[](huge, std::align_val_t(256), std::nothrow) == nullptr && n_handled == 5;
    right = right && tries(huge, 1) == 1 && n_handled == 6;
    std::set_new_handler(nullptr);
    std::exception_ptr kept;
    try {
        (void)::operator new(huge);
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const std::bad_alloc &e) {
        return right && e.what()[0] == 's' && std::uncaught_exceptions() == 0;
    }
    return false;
}
#endif

extern "C" int run()
{
    int n_wrong = 0;
    auto work = [&n_wrong] {
        for (int i = 0; i < 300; i++)
            if (tries(100, i % 3) != 0 || tries(huge, i % 3) != 1 || ::operator new(huge, std::nothrow) != nullptr)
                __atomic_fetch_add(&n_wrong, 1, __ATOMIC_RELAXED);
    };
#ifdef ONE_THREAD
    work();
#else
    std::thread a(work), b(work);
    work();
    a.join();
    b.join();
#endif
#ifdef HANDLERS
    if (!handlers_work())
        n_wrong++;
#endif
    return n_wrong;
}

int main()
{
    int n_wrong = run();
    std::printf("%d wrong\n", n_wrong);
    return n_wrong != 0;
}
