#include "unit/board.h"

#include "base/fmt.h"

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
        cmocka_unit_test(test_full_buffer_drops_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
