#!/bin/bash
# replaced_cxx.sh BUILD: programs with a part of C++'s operators of their own, preloaded and linked in every way; and std::bad_alloc, in static programs and in plugins.
build=$(realpath "$1")
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../replaced" || exit 2
needs g++
linked="-L$build -lhmm -Wl,-rpath,$build"
compile() { g++ -std=c++17 -O1 -g -w -fno-builtin -fPIC -pthread "$@"; }
runs() { timeout 100 "$@" >"$tmp/out" 2>&1 || { tail -n 3 "$tmp/out"; false; }; }

ways() { # NAME, OBJECT: the program in every way
    for way in "linked|$linked" "libhmm.a|$build/libhmm.a" "static, libhmm.a|-static $build/libhmm.a" "static, hmm.o|-static $build/hmm.o" \
        "-static-libstdc++|-static-libstdc++ $linked" "-no-pie|-no-pie $linked" "preloaded|"; do
        compile "$2" -o "$2.program" ${way#*|}
        [ "${way%|*}" = preloaded ] && set -- "$1" "$2" env "LD_PRELOAD=$build/libhmm.so"
        check "$1, ${way%|*}" runs "${@:3}" "$2.program"
    done
}
forms() { # NAME, MACROS
    compile -c forms.cc ${@:2} -o "$tmp/forms.o"
    ways "$1" "$tmp/forms.o"
}
forms "none" -DBOTH
forms "new and delete" -DBOTH -DOWN_NEW -DOWN_DELETE
forms "new" -DOWN_NEW
forms "delete" -DOWN_DELETE
forms "new[] and delete[]" -DBOTH -DOWN_NEW_ARRAY -DOWN_DELETE_ARRAY
forms "new[]" -DOWN_NEW_ARRAY
forms "with an alignment" -DBOTH -DOWN_NEW_ALIGNED -DOWN_DELETE_ALIGNED
forms "new(nothrow)" -DOWN_NEW_NOTHROW
forms "delete(size)" -DOWN_DELETE_SIZED
forms "all" -DBOTH -DOWN_NEW -DOWN_NEW_ARRAY -DOWN_NEW_ALIGNED -DOWN_DELETE -DOWN_DELETE_ARRAY -DOWN_DELETE_ALIGNED

# A library's operators: before libhmm they are the process's, behind it libhmm's are.
compile -shared -DBOTH -DOWN_NEW -DOWN_DELETE forms.cc -Dmain=run_forms -o "$tmp/libown.so"
compile -shared -DBOTH -DOWN_NEW -DOWN_DELETE -DNOT_SEEN forms.cc -Dmain=run_forms -o "$tmp/libunseen.so"
echo 'int run_forms(); int main() { return run_forms(); }' >"$tmp/main.cc"
compile "$tmp/main.cc" -L"$tmp" -lown $linked -Wl,-rpath,"$tmp" -o "$tmp/own"
compile "$tmp/main.cc" $linked -L"$tmp" -lunseen -Wl,-rpath,"$tmp" -Wl,--no-as-needed -o "$tmp/unseen"
check "a library's, before libhmm" runs "$tmp/own"
check "a library's, behind libhmm" runs env LD_PRELOAD="$build/libhmm.so" "$tmp/unseen"

# A wrong size is seen as long as nothing is replaced, also where a program takes the address of delete.
cat >"$tmp/size.cc" <<'C'
#include <new>
int main()
{
    void (*volatile taken)(void *) = ::operator delete; // by an instruction: not position-independent, it has the address of a stub
    taken(::operator new(1));
    ::operator delete(::operator new(100), 300ul);
}
C
for way in "-fPIE -pie" "-fno-pie -no-pie"; do
    g++ -std=c++17 -O1 -w -fno-builtin $way "$tmp/size.cc" $linked -o "$tmp/size"
    check "wrong size, $way" sh -c "'$tmp/size' 2>&1 | grep -q 'wrong size'"
done

# bad_alloc
for caught in "const std::bad_alloc&" "const std::exception&" ...; do
    compile -c bad_alloc.cc "-DCATCH=$caught" -DONE_THREAD -o "$tmp/bad.o"
    ways "bad_alloc caught as $caught" "$tmp/bad.o"
done
compile -c bad_alloc.cc -DHANDLERS -o "$tmp/bad.o"
ways "handlers, threads" "$tmp/bad.o"
if command -v clang++ >/dev/null; then
    clang++ -std=c++17 -O1 -w -pthread bad_alloc.cc -DHANDLERS -o "$tmp/bad_clang" $linked && check "handlers, clang++" runs "$tmp/bad_clang"
fi
plugins=
for plugin in "shared" "static -static-libstdc++" "hidden -static-libstdc++ -Wl,--exclude-libs,ALL"; do
    set -- $plugin
    compile -shared bad_alloc.cc -DHANDLERS "${@:2}" -o "$tmp/plugin_$1.so"
    plugins="$plugins $tmp/plugin_$1.so"
done
compile -shared bad_alloc.cc own_new.cc -static-libstdc++ -Wl,--exclude-libs,ALL -o "$tmp/plugin_own.so" # its operators, its library: hidden
plugins="$plugins $tmp/plugin_own.so"
cc -w host.c -ldl -o "$tmp/host"
cc -w host.c -Wl,--no-as-needed $linked -ldl -o "$tmp/host_linked"
for plugin in $plugins "$plugins"; do
    name=$(basename -a $plugin | tr '\n' ' ')
    check "plugin of a host in C: $name" runs env LD_PRELOAD="$build/libhmm.so" "$tmp/host" $plugin
    check "the host linked: $name" runs "$tmp/host_linked" $plugin
done
printf 'void *_Znwm(unsigned long); int main(void) { return _Znwm(1ul << 46) != 0; }\n' >"$tmp/alone.c"
cc -w "$tmp/alone.c" $linked -o "$tmp/alone"
check "without C++ a message" sh -c "'$tmp/alone' 2>&1 | grep -q 'no C++ library to throw std::bad_alloc'"
finish
