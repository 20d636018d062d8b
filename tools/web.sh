#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/web.sh: brings build/web up to date, which all presets share: `dist`, the bundled page (web/build.mjs), or without
# Node or its packages the plain one of src/api/web/plain; and bundle.c, which holds its files as they are and packed, for
# src/api/web/bundle.h. The build calls it each time (cmake/web.cmake): it is quick when nothing has changed, and may run
# twice at once.
set -eu
cd "$(dirname "$0")/.."
plain=src/api/web/plain

can_bundle() {
    [ -f web/build.mjs ] && [ -d web/node_modules ] && command -v node >/dev/null
}

# A digest of all that the result depends on. npm's own list in node_modules says which packages are there.
sources() {
    can_bundle && from="web web/node_modules/.package-lock.json" || from=$plain
    # shellcheck disable=SC2086 # a list
    find $from tools/web.sh -name node_modules -prune -o -type f -print0 2>/dev/null | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum
}

pages() { # the files of the page, in a fixed order
    (cd "$1" && find . -type f | sed 's|^\./||' | LC_ALL=C sort)
}

type_of() {
    case $1 in
    *.html) echo "text/html; charset=utf-8" ;;
    *.js) echo "text/javascript; charset=utf-8" ;;
    *.css) echo "text/css; charset=utf-8" ;;
    *.svg) echo "image/svg+xml" ;;
    *.png) echo "image/png" ;;
    *.woff2) echo "font/woff2" ;;
    *.wasm) echo "application/wasm" ;;
    *) echo "web.sh: no content type is known for $1" >&2 && exit 1 ;;
    esac
}

# held NAME FILE: a symbol with the bytes of a file of build/web. The assembler reads them: an array would cost the
# compiler minutes.
held() {
    printf '__asm__(".section .rodata\\n%s: .incbin \\"%s/build/web/%s\\"\\n.previous\\n");\n' "$1" "$PWD" "$2"
    printf 'extern const char %s[];\n' "$1"
}

bytes() { printf '{%s, %s}' "$1" "$(stat -c %s "$2")"; }

# What is packed is kept only where that is worth it; fonts and pictures are packed already.
pack() {
    mkdir -p "$(dirname "$2")"
    gzip -9n <"$1" >"$2"
    [ "$(stat -c %s "$2")" -lt "$(stat -c %s "$1")" ] || rm "$2"
}

bundle_c() { # FOLDER with dist and packed
    printf '// Made by tools/web.sh.\n#include "api/web/bundle.h"\n\n'
    rows=
    n=0
    for name in $(pages "$1/dist"); do
        type=$(type_of "$name")
        packed='{0, 0}'
        held "web_$n" "dist/$name"
        if [ -f "$1/packed/$name" ]; then
            held "web_${n}_packed" "packed/$name"
            packed=$(bytes "web_${n}_packed" "$1/packed/$name")
        fi
        digest=$(sha256sum "$1/dist/$name" | cut -c 1-32)
        rows="$rows    {\"$name\", \"$type\", \"$digest\", $(bytes "web_$n" "$1/dist/$name"), $packed},
"
        n=$((n + 1))
    done
    printf '\nconst web_file web_files[] = {\n%s};\nconst size_t web_n_files = %s;\n' "$rows" "$n"
}

make_all() { # into a folder, so that what is half made is never taken
    new=build/web.$$
    trap 'rm -rf "$new"' EXIT
    mkdir -p "$new"
    if can_bundle; then
        node web/build.mjs --out "$new/dist"
    else
        echo "web.sh: no Node or no packages in web/node_modules: the server gets a plain page (tools/setup.sh build)" >&2
        cp -R "$plain" "$new/dist"
    fi
    for name in $(pages "$new/dist"); do
        pack "$new/dist/$name" "$new/packed/$name"
    done
    bundle_c "$new" >"$new/bundle.c"
    echo "$1" >"$new/stamp"
    rm -rf build/web
    mv "$new" build/web
}

mkdir -p build
exec 9>build/web.lock
flock 9 # whoever comes second finds the work done
stamp=$(sources)
[ "$(cat build/web/stamp 2>/dev/null)" = "$stamp" ] || make_all "$stamp"
