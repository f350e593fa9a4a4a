#include "unit/board.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <stdio.h>

static void test_numbers(void **state)
{
    (void)state;
    char chars[64] = {0};
    struct hmm_text t = {.chars = chars, .capacity_bytes = sizeof chars - 1};
    hmm_text_str(&t, "a ");
    hmm_text_dec(&t, 0);
    hmm_text_str(&t, " ");
    hmm_text_hex(&t, 0xdeadbeef);
    hmm_text_dec_wide(&t, 42, 5);
    assert_string_equal(chars, "a 0 0xdeadbeef   42");
}

/* As printf writes them: round numbers and their neighbours, to the largest. */
static void test_all_lengths(void **state)
{
    (void)state;
    uint64_t n = 1;
    for (int i = 0; i < 64; i++, n = i < 20 ? n * 10 : n * 2 + 1) {
        for (int d = -1; d <= 1; d++) {
            char chars[64] = {0}, expected[64];
            struct hmm_text t = {.chars = chars, .capacity_bytes = sizeof chars - 1};
            hmm_text_dec(&t, n + (uint64_t)d);
            hmm_text_str(&t, " ");
            hmm_text_hex(&t, n + (uint64_t)d);
            snprintf(expected, sizeof expected, "%" PRIu64 " 0x%" PRIx64, n + (uint64_t)d,
                     n + (uint64_t)d);
            assert_string_equal(chars, expected);
        }
    }
}

static void test_full_buffer_drops_the_rest(void **state)
{
    (void)state;
    char chars[8] = "zzzzzzz";
    struct hmm_text t = {.chars = chars, .capacity_bytes = 4};
    hmm_text_dec(&t, 18446744073709551615u);
    hmm_text_str(&t, "more");
    assert_int_equal(t.n_chars, 4);
    assert_memory_equal(chars, "1844zzz", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_full_buffer_drops_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
