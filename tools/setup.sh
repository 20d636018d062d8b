#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing for a purpose, on Debian 12 and 13 (and what is like them):
#
#   tools/setup.sh build    compiler, CMake and the libraries that the server links; Node, and the packages of the page
#   tools/setup.sh test     what the tests need besides: cmocka, clang's fuzzer, PostgreSQL, Chromium, the real clients in build/venv
#   tools/setup.sh lint     clang-format
#   tools/setup.sh package  what makes the Debian package
#   tools/setup.sh bench    what the benchmarks need besides
#
# Nothing is downloaded when everything is there, so it is cheap to call it first, always.
set -eu
cd "$(dirname "$0")/.."

# llhttp: a library since Debian 13; Debian 12 has its C source in node-llhttp.
. /etc/os-release 2>/dev/null || VERSION_ID=
[ "${VERSION_ID:-}" = 12 ] && llhttp=node-llhttp || llhttp=libllhttp-dev
build_packages="gcc libc6-dev make cmake ninja-build pkg-config ca-certificates $llhttp
    libssl-dev libcurl4-openssl-dev libsqlite3-dev libpq-dev libpcre2-dev zlib1g-dev libzstd-dev libxxhash-dev
    libyaml-dev libutf8proc-dev"
node_packages="nodejs npm" # 18 or newer
test_packages="libcmocka-dev libjansson-dev clang clang-format postgresql procps less groff-base python3 python3-venv
    chromium fonts-dejavu-core"
lint_packages="clang-format python3"
package_packages="dpkg-dev binutils gzip xz-utils"
bench_packages="python3 python3-venv linux-perf chromium"

say() { printf 'setup: %s\n' "$*" >&2; }

missing() { # those of its arguments that are not installed
    there=" $(dpkg-query -W -f '${Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^.* installed //p' | tr '\n' ' ') "
    for package in "$@"; do
        case $there in
        *" $package "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "these packages are missing, and you are neither root nor have sudo. As root, run:"
        say "    apt-get install -y --no-install-recommends $wanted"
        exit 1
    fi
}

install() {
    wanted=$(missing "$@")
    [ -n "$wanted" ] || return 0
    say "installing $wanted"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list
    as_root apt-get install -qq -y --no-install-recommends $wanted >/dev/null 2>&1 && return 0
    as_root apt-get update -qq # the lists are missing or old
    # shellcheck disable=SC2086
    as_root apt-get install -qq -y --no-install-recommends $wanted >/dev/null
}

# clang's sanitizer and fuzzer runtime is a package of its own, named after the version that 'clang' stands for.
clang_runtime() {
    version=$(clang -dumpversion | cut -d. -f1)
    printf 'libclang-rt-%s-dev' "$version"
}

# venv DIR REQUIREMENTS: made anew when the list of packages (or the Python) changes, else left alone.
venv() {
    python=/usr/bin/python3
    stamp=$("$python" --version | cat - "$2" | sha256sum | cut -d' ' -f1)
    [ "$(cat "$1/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    say "installing the Python packages of $2 into $1"
    rm -rf "$1"
    "$python" -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check -r "$2"
    echo "$stamp" >"$1/.stamp"
}

has_node() {
    command -v npm >/dev/null && [ "$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')" -ge 18 ] 2>/dev/null
}

# The packages that the page is bundled with, when their list (or Node) has changed. None of them needs a script of its own
# to be installed. Without Node or a network the server is built with a plain page instead (tools/web.sh).
web() {
    [ -f web/package-lock.json ] || return 0
    stamp=$(node --version | cat - web/package-lock.json | sha256sum | cut -d' ' -f1)
    [ "$(cat web/node_modules/.stamp 2>/dev/null)" != "$stamp" ] || return 0
    say "installing the packages of web/package-lock.json into web/node_modules"
    npm ci --prefix web --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || return 1
    mkdir -p web/node_modules # of an empty list
    echo "$stamp" >web/node_modules/.stamp
}

# shellcheck disable=SC2086 # a list
page() {
    has_node || (install $node_packages) || say "Node could not be installed"
    has_node && web || say "without Node 18 and its packages the server gets a plain page instead of the web interface"
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "no apt here, so nothing is installed. The build needs what these Debian packages hold:"
    say "   " $build_packages
    say "for the web interface Node 18 or newer, and then 'npm ci --prefix web --ignore-scripts':"
    say "   " $node_packages
    say "and the tests" $test_packages
    exit 0
fi

for purpose in "$@"; do
    # shellcheck disable=SC2086 # lists
    case $purpose in
    build)
        install $build_packages
        page
        ;;
    test)
        install $test_packages
        install "$(clang_runtime)"
        venv build/venv tests/requirements.txt
        venv build/venv-old tests/requirements-old.txt
        ;;
    lint) install $lint_packages ;;
    package) install $package_packages ;;
    bench) install $bench_packages && venv build/venv tests/requirements.txt ;;
    *) say "unknown purpose '$purpose'" && exit 2 ;;
    esac
done
