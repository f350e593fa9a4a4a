/* The plain forms, which small processors get, and this one's, beside the compiler's. */
#include "unit/board.h"

#ifndef HMM_CONFIG_PLAIN_BITS
#define HMM_CONFIG_PLAIN_BITS 1
#endif
#include "base/bits.h"

static void check_word(size_t bits)
{
    if (bits == 0)
        return;
    assert_int_equal(hmm_bits_top(bits), HMM_WORD_BITS - 1 - __builtin_clzl(bits));
    assert_int_equal(hmm_bits_lowest(bits), __builtin_ctzl(bits));
}

static void test_positions(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HMM_WORD_BITS; i++)
        for (unsigned j = 0; j < HMM_WORD_BITS; j++) {
            size_t one = (size_t)1 << i, other = (size_t)1 << j;
            check_word(one | other);
            check_word(one - other);
            check_word(~(one | other));
        }
}

/* A bit of a word is told, set and cleared, and no other one; places count on beyond the word. */
static void check_bit(size_t bits, size_t at)
{
    size_t bit = (size_t)1 << at % HMM_WORD_BITS, changed = bits;
    bool is_set = (bits & bit) != 0;
    assert_int_equal(hmm_bits_has(bits, at), is_set);
    assert_int_equal(hmm_bits_set(&changed, at), is_set);
    assert_int_equal(changed, bits | bit);
    changed = bits;
    assert_int_equal(hmm_bits_clear(&changed, at), is_set);
    assert_int_equal(changed, bits & ~bit);
}

static void test_single_bits(void **state)
{
    (void)state;
    for (size_t at = 0; at < 3 * HMM_WORD_BITS; at++)
        for (unsigned i = 0; i < HMM_WORD_BITS; i++) {
            check_bit((size_t)1 << i, at);
            check_bit(~((size_t)1 << i), at);
        }
}

/* Products around every power of two, of factors around every one. */
static void test_products(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HMM_WORD_BITS; i++)
        for (unsigned j = 0; j < HMM_WORD_BITS; j++)
            for (size_t d = 0; d < 9; d++) {
                size_t a = ((size_t)1 << i) + d / 3 - 1, b = ((size_t)1 << j) + d % 3 - 1;
                size_t product = 1, expected;
                bool fits = !__builtin_mul_overflow(a, b, &expected);
                assert_int_equal(hmm_multiply(a, b, &product), fits);
                assert_true(!fits || product == expected);
                fits = !__builtin_mul_overflow(a, SIZE_MAX / (b | 1), &expected);
                assert_int_equal(hmm_multiply(a, SIZE_MAX / (b | 1), &product), fits);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_single_bits),
        cmocka_unit_test(test_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
