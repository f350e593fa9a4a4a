#!/bin/bash
# embedded.sh BUILD: heaps over a buffer as hmm_embedded.c and .h. Compiled freestanding for Cortex-M and RISC-V, it asks for
# nothing but memcpy, memset, memmove and the board's fatal hook; its tests and the example run on an emulated Cortex-M3.
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 2
needs arm-none-eabi-gcc qemu-system-arm # Debian: gcc-arm-none-eabi, qemu-system-arm
flags="-ffreestanding -nostdlib -Wall -Wextra -Wshadow -Wconversion -Werror -fno-tree-loop-distribute-patterns"
sh tools/amalgamate.sh "$tmp"

freestanding() { # NAME, COMPILER WITH FLAGS: compiled, sizes told, nothing else is asked for
    local name=$1 prefix=${2%%gcc*}
    shift
    $1 $flags -Os -c "$tmp/hmm_embedded.c" -o "$tmp/one.o" || { check "freestanding, $name" false; return; }
    local asked
    asked=$("${prefix}nm" -u "$tmp/one.o" | awk '{print $2}' | grep -vxE "memcpy|memset|memmove|hmm_board_fatal" | tr '\n' ' ')
    echo "$name: $("${prefix}size" "$tmp/one.o" | awk 'NR == 2 {print $1 " bytes of code and constants, " $2 + $3 " of data"}')${asked:+, asks for $asked}"
    check "freestanding, $name" test -z "$asked"
}
freestanding "Cortex-M3" "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb"
freestanding "Cortex-M4" "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb"
freestanding "Cortex-M7" "arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb"
freestanding "Cortex-M0+" "arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb"
if command -v riscv64-unknown-elf-gcc >/dev/null; then
    freestanding "RISC-V, 32 bits" "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32"
    freestanding "RISC-V, 64 bits" "riscv64-unknown-elf-gcc -march=rv64imac -mabi=lp64 -mcmodel=medany"
else
    echo "no riscv64-unknown-elf-gcc here (Debian: gcc-riscv64-unknown-elf)"
fi

board="arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb $flags -O2 -Itests/board -Itests/buffer -I$tmp tests/board/board.c"
machine="qemu-system-arm -M mps2-an385 -nographic -semihosting-config enable=on,target=native -kernel"
heap="src/blocks/*.c src/api/buffer.c src/base/fmt.c"
$board examples/firmware/main.c "$tmp/hmm_embedded.c" -T tests/board/board.ld -o "$tmp/example.elf" &&
    timeout 60 $machine "$tmp/example.elf" >"$tmp/example.txt" 2>&1
check "the example ends by the board's hook" test $? = 0
cat "$tmp/example.txt"
check "the example's free list and message" grep -qE "^hmm: HmmHeapFree: double (or invalid )?free of 0x2000" "$tmp/example.txt"
$board -Isrc -Iinclude -DBOARD_OPERATIONS=1000000 tests/board/tests.c tests/buffer/buffer_tests.c tests/buffer/promise_tests.c $heap -T tests/board/board.ld -o "$tmp/tests.elf" &&
    timeout 400 $machine "$tmp/tests.elf" >"$tmp/tests.txt" 2>&1
check "tests of HmmHeap on a Cortex-M3" test $? = 0
sed 's/^/    /' "$tmp/tests.txt"
check "all of them ran" grep -qE "^[0-9]+ checks, 0 failed$" "$tmp/tests.txt"

# A damaged library must fail there, too.
sed 's/hmm_part_set_length(spot, want, rest.group);/(void)rest;/' src/blocks/blocks_take.c >"$tmp/blocks_take.c"
check "it is damaged" test "$(diff src/blocks/blocks_take.c "$tmp/blocks_take.c" | grep -c '^>')" -gt 0
$board -Isrc -Iinclude -DBOARD_OPERATIONS=1000 tests/board/tests.c tests/buffer/buffer_tests.c tests/buffer/promise_tests.c "$tmp/blocks_take.c" ${heap/src\/blocks\/blocks_take.c /} -T tests/board/board.ld -o "$tmp/bad.elf" &&
    timeout 60 $machine "$tmp/bad.elf" >/dev/null 2>&1
check "a bug is found on the board" test $? != 0
finish
