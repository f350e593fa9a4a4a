# expand.awk: FILES with their own includes expanded; headers once, .def files each time.
function find(name, from,   n, i, dirs, path, line) {
    sub(/[^\/]*$/, "", from)
    n = split(from " src/ include/ src/port/linux/", dirs, " ")
    for (i = 1; i <= n; i++) {
        path = dirs[i] name
        if ((getline line <path) >= 0) { close(path); return path }
    }
    return ""
}
function expand(file,   line, name, path) {
    print "/* ======== " file " ======== */"
    while ((getline line <file) > 0) {
        if (match(line, /^#include "[^"]*"/)) {
            name = substr(line, 11, RLENGTH - 11)
            path = find(name, file)
            if (path == "") { print "amalgamate: no file " name " for " file >"/dev/stderr"; exit 1 }
            if (path ~ /\.def$/ || !(path in seen)) { seen[path] = 1; expand(path) }
        } else
            print line
    }
    close(file)
}
BEGIN { for (i = 1; i < ARGC; i++) expand(ARGV[i]); exit }
