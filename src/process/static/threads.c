/* threads.c - static, where threads are a library of their own: what libgcc calls of it.
 *
 * libgcc takes a static program in which pthread_key_create is for one with threads, and then calls
 * more of that library, by weak references. So the program gets those, too. Before glibc 2.34; CMake
 * chooses this file.
 *
 * Layer   process.
 */
#include <pthread.h>

#define KEPT(name) (void (*)(void)) name
static void (*const kept[])(void) __attribute__((used)) = {
    KEPT(pthread_mutex_lock),  KEPT(pthread_mutex_unlock), KEPT(pthread_once),
    KEPT(pthread_getspecific), KEPT(pthread_setspecific),  KEPT(pthread_create),
};
