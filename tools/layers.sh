#!/bin/sh
# layers.sh [TREE]: the modules of src/ from the bottom to the top, one a line: "folder/module". The folders' order stands
# in src/README.md, that of each folder's modules in its own README.md.
top=${1:-$(cd "$(dirname "$0")/.." && pwd)}
order() { # FILE: the names behind "Order, from the bottom:", up to an empty line
    sed -n '/^Order, from the bottom:/,/^$/p' "$1" | grep -o '`[a-z_]*`' | tr -d '`'
}
for folder in $(order "$top/src/README.md"); do
    for module in $(order "$top/src/$folder/README.md"); do
        echo "$folder/$module"
    done
done
