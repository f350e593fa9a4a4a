/* elf.c - what the dynamic symbols of a program say about its heap.
 */
#include "tool.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory, and its table of dynamic symbols. */
struct image {
    const char *bytes;
    size_t n_bytes;
    const ElfW(Sym) * symbols;
    size_t n_symbols;
    const char *names;
    size_t names_bytes;
};

/* bytes[at..at + n_bytes) of the file; NULL: it is not that long. */
static const void *part(const struct image *image, uint64_t at, uint64_t n_bytes)
{
    if (at > image->n_bytes || n_bytes > image->n_bytes - at)
        return NULL;
    return image->bytes + at;
}

static const ElfW(Shdr) * section(const struct image *image, const ElfW(Ehdr) * elf, size_t i)
{
    return i < elf->e_shnum ? part(image, elf->e_shoff + i * sizeof(ElfW(Shdr)), sizeof(ElfW(Shdr)))
                            : NULL;
}

static bool find_symbols(struct image *image)
{
    const ElfW(Ehdr) *elf = part(image, 0, sizeof *elf);
    if (elf == NULL || elf->e_shentsize != sizeof(ElfW(Shdr)) ||
        elf->e_shoff % _Alignof(ElfW(Shdr)) != 0)
        return false;
    const ElfW(Shdr) *table = NULL;
    for (size_t i = 0; i < elf->e_shnum; i++) {
        table = section(image, elf, i);
        if (table != NULL && table->sh_type == SHT_DYNSYM)
            break;
        table = NULL;
    }
    const ElfW(Shdr) *names = table != NULL ? section(image, elf, table->sh_link) : NULL;
    if (names == NULL || table->sh_offset % _Alignof(ElfW(Sym)) != 0)
        return false;
    image->symbols = part(image, table->sh_offset, table->sh_size);
    image->n_symbols = table->sh_size / sizeof(ElfW(Sym));
    image->names = part(image, names->sh_offset, names->sh_size);
    image->names_bytes = names->sh_size;
    return image->symbols != NULL && image->names != NULL && names->sh_size != 0 &&
           image->names[names->sh_size - 1] == '\0';
}

/* Does a symbol's name begin so? `defined`: only if it is the program's own. */
static bool has(const struct image *image, const char *name, size_t n_chars, bool defined)
{
    for (size_t i = 0; i < image->n_symbols; i++) {
        const ElfW(Sym) *symbol = &image->symbols[i];
        if (symbol->st_name < image->names_bytes && (!defined || symbol->st_shndx != SHN_UNDEF) &&
            strncmp(image->names + symbol->st_name, name, n_chars) == 0)
            return true;
    }
    return false;
}

static const char *sanitizer_of(const struct image *image)
{
    static const struct {
        const char *symbol, *name;
    } sanitizers[] = {
        {"__asan_init", "AddressSanitizer"}, {"__hwasan_init", "HWAddressSanitizer"},
        {"__tsan_init", "ThreadSanitizer"},  {"__msan_init", "MemorySanitizer"},
        {"__lsan_init", "LeakSanitizer"},
    };
    for (size_t i = 0; i < sizeof sanitizers / sizeof sanitizers[0]; i++)
        if (has(image, sanitizers[i].symbol, strlen(sanitizers[i].symbol) + 1, false))
            return sanitizers[i].name;
    /* gcc's static runtimes export less; that of UndefinedBehaviorSanitizer has no malloc */
    static const char any[] = "__sanitizer_";
    if (has(image, any, sizeof any - 1, false) && has(image, "malloc", sizeof "malloc", true))
        return "a sanitizer";
    return NULL;
}

const char *tool_elf_sanitizer(const char *path)
{
    struct image image = {0};
    struct stat st;
    const char *name = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    image.n_bytes = (size_t)st.st_size;
    void *at = mmap(NULL, image.n_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return NULL;
    image.bytes = at;
    if (find_symbols(&image))
        name = sanitizer_of(&image);
    munmap(at, image.n_bytes);
    return name;
}
