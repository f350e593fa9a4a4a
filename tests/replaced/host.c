/* host.c - a host in C: loads each plugin named with RTLD_LOCAL and calls its run; all must say 0.
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    int n_wrong = argc < 2;
    for (int round = 0; round < 2; round++) { /* and again, when all are loaded */
        for (int i = 1; i < argc; i++) {
            void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
            if (plugin == NULL) {
                puts(dlerror());
                return 1;
            }
            int (*run)(void);
            *(void **)&run = dlsym(plugin, "run");
            n_wrong += run();
        }
    }
    printf("%d wrong\n", n_wrong);
    return n_wrong != 0;
}
