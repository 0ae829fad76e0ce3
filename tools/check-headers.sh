#!/bin/sh
# Does each public header compile alone, as C17 and as C++17, with both compilers? Nothing but the header and jansson.
set -eu
cd "$(dirname "$0")/.."
flags="-fsyntax-only -Iinclude -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags jansson)"
failed=0
count=0
for header in $(find include -name '*.h' | sort); do
    for compiler in 'gcc -x c -std=c17' 'clang -x c -std=c17' 'g++ -x c++ -std=c++17' 'clang++ -x c++ -std=c++17'; do
        # Included twice: its guard is checked too.
        if ! printf '#include <%s>\n#include <%s>\nextern int one_declaration;\n' "${header#include/}" "${header#include/}" |
                $compiler $flags -; then
            echo "$header does not compile alone with: $compiler"
            failed=1
        fi
    done
    count=$((count + 1))
done
echo "$count headers"
exit $failed
