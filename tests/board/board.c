/* board.c - a Cortex-M without an operating system, as an emulator has it: where it starts, the
 * three functions that compilers ask for, and semihosting in the place of a serial line.
 */
#include "board.h"

#include <stddef.h>
#include <stdint.h>

extern char board_data[], board_data_end[], board_data_image[], board_bss[], board_bss_end[];
extern char board_stack_top[];

int main(void);

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

static void host(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void say(const char *text)
{
    host(SYS_WRITE0, text);
}

_Noreturn void board_exit(int status)
{
    const uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)status};
    for (;;)
        host(SYS_EXIT_EXTENDED, block);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memmove(void *to, const void *from, size_t n_bytes)
{
    if ((uintptr_t)to <= (uintptr_t)from)
        return memcpy(to, from, n_bytes);
    while (n_bytes-- > 0)
        ((volatile char *)to)[n_bytes] = ((const char *)from)[n_bytes];
    return to;
}

void *memset(void *at, int byte, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        ((volatile char *)at)[i] = (char)byte;
    return at;
}

static _Noreturn void board_fault(void)
{
    say("fault\n");
    board_exit(3);
}

_Noreturn void board_reset(void)
{
    memcpy(board_data, board_data_image, (size_t)(board_data_end - board_data));
    memset(board_bss, 0, (size_t)(board_bss_end - board_bss));
    board_exit(main());
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)board_stack_top,
    board_reset,
    board_fault,
    board_fault,
    board_fault,
    board_fault,
    board_fault};
