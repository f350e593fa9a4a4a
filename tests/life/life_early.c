/* life_early.c - calls before main: an IFUNC resolver, constructors of this program and of
 * libraries, TLS constructors and destructors, atexit, dlopen and dlclose of libraries that
 * allocate.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *from_resolver;
static void *from_constructor;

static int real_answer(void)
{
    return 42;
}

static int (*resolve_answer(void))(void)
{
    from_resolver = malloc(300); /* long before any constructor */
    memset(from_resolver, 7, 300);
    free(malloc(50));
    return real_answer;
}

int answer(void) __attribute__((ifunc("resolve_answer")));

__attribute__((constructor(101))) static void early(void)
{
    from_constructor = calloc(10, 100);
}

__attribute__((destructor(101))) static void late(void)
{
    free(from_constructor);
    free(malloc(1000));
    static const char text[] = "destructor done\n";
    if (write(1, text, sizeof text - 1) < 0)
        _exit(1);
}

static void at_exit(void)
{
    free(malloc(77));
}

int main(void)
{
    atexit(at_exit);
    if (answer() != 42 || from_resolver == NULL || malloc_usable_size(from_resolver) < 300)
        return 1;
    for (int i = 0; i < 300; i++)
        if (((char *)from_resolver)[i] != 7)
            return 2;
    free(from_resolver);
    for (int i = 0; i < 300; i++)
        free(malloc((size_t)i));
    for (int i = 0; i < 20; i++) {
        void *lib = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
        if (lib == NULL || dlsym(lib, "cos") == NULL || dlsym(lib, "no_such_symbol") != NULL)
            return 3;
        if (dlerror() == NULL)
            return 4;
        dlclose(lib);
    }
    return 0;
}
