#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/package.sh [FOLDER]: makes a Debian package of build/release/stemma with plain dpkg-deb, in FOLDER (build/package
# by default), and prints its path. It runs as any user; the same tree at the same commit gives the same bytes.
# DEBFULLNAME and DEBEMAIL name its maintainer.
set -eu
cd "$(dirname "$0")/.."
binary=build/release/stemma
mkdir -p "${1:-build/package}"
out=$(cd "${1:-build/package}" && pwd)
root=$out/root

version=$("$binary" version | sed 's/^stemma //')-1
arch=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-The Stemma authors} <${DEBEMAIL:-stemma@example.org}>"
# The time of everything in it: the commit's, or where there is none (an image's build) the change log's.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

# put MODE FILE TARGET, and make MODE TARGET < text
put() { install -D -m "$1" "$2" "$root/$3"; }
make() { install -D -m "$1" /dev/stdin "$root/$2"; }
# What the program prints about itself, where this version of it does.
printed() { # TARGET COMMAND...
    target=$1
    shift
    if "$binary" help "$1" >/dev/null 2>&1; then
        "$binary" "$@" >"$out/printed"
        [ "${target%.gz}" = "$target" ] || gzip -9n "$out/printed"
        put 644 "$(ls "$out/printed"*)" "$target"
        rm -f "$out/printed"*
    fi
}

rm -rf "$root"
put 755 "$binary" usr/bin/stemma
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/stemma"
put 644 packaging/stemma.service usr/lib/systemd/system/stemma.service
put 600 packaging/env etc/stemma/env
printed usr/share/man/man1/stemma.1.gz man
printed usr/share/bash-completion/completions/stemma completion bash

for page in README.md docs/*.md packaging/alerts.yml; do
    put 644 "$page" "usr/share/doc/stemma/$(basename "$page")"
done
gzip -9n <CHANGELOG.md | make 644 usr/share/doc/stemma/changelog.gz
{
    printf 'stemma (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * Built from the release of Stemma; see changelog.gz for what changed.\n\n'
    printf ' -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n | make 644 usr/share/doc/stemma/changelog.Debian.gz
put 644 packaging/debian/copyright usr/share/doc/stemma/copyright
# Where the HTTP parser is compiled in and not a library of its own, its licence comes along.
ldd "$binary" | grep -q libllhttp || put 644 /usr/share/doc/node-llhttp/copyright usr/share/doc/stemma/copyright.llhttp

mkdir -p "$root/DEBIAN" "$out/debian"
for script in postinst prerm postrm; do
    install -m 755 packaging/debian/$script "$root/DEBIAN/"
done
echo /etc/stemma/env >"$root/DEBIAN/conffiles"
printf 'Source: stemma\n\nPackage: stemma\nArchitecture: %s\n' "$arch" >"$out/debian/control" # dpkg-shlibdeps wants one
libraries=$(cd "$out" && dpkg-shlibdeps -O -eroot/usr/bin/stemma 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || { echo "package.sh: dpkg-shlibdeps names no libraries" >&2 && exit 1; }
cat >"$root/DEBIAN/control" <<END
Package: stemma
Version: $version
Architecture: $arch
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$root" | cut -f1)
Depends: $libraries, adduser
Recommends: ca-certificates
Suggests: postgresql
Section: science
Priority: optional
Description: version control for language models
 Stemma keeps experiments, runs, metrics, parameters, data sets, models and
 files of those who train models. MLflow's unmodified clients track to it, and
 it has a native API and a command line of its own.
 .
 One server with SQLite and a folder serves a team; several share a PostgreSQL
 database. The service listens on this machine only until it is told otherwise
 in /etc/stemma/env.
END
(cd "$root" && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums)
find "$root" -type d -exec chmod 755 {} +
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$out" >/dev/null
rm -rf "$root" "$out/debian"
echo "$out/stemma_${version}_$arch.deb"
