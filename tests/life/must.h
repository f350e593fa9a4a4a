/* must.h - a condition that ends the program, with its line and text, where it doesn't hold. */
#ifndef LIFE_MUST_H
#define LIFE_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s\n", __LINE__, #condition);                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
