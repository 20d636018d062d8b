#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/package/in_root.sh ROOT PACKAGE.deb: the life of the package in a Debian system of its own: installed, started
# as its unit would start it, upgraded, removed, installed again over the data that stayed, purged. ROOT is a folder made
# by debootstrap (--variant=minbase); it is changed. As root. There is no systemd in it, so ExecStart is run by hand, and
# what the package's scripts ask of systemd is written down by commands that stand in for it.
set -eu
root=$1
deb=$2
name=$(basename "$deb")
port=15990

in_root() { chroot "$root" /usr/bin/env -i PATH=/tmp/systemd:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
say() { printf 'in_root: %s\n' "$*"; }
die() {
    say "FAILED: $*"
    exit 1
}
stop() {
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
    umount "$root/proc" 2>/dev/null || true
}
trap stop EXIT

# The unit's ExecStart, as its user, with its environment.
start() {
    unit=$root/usr/lib/systemd/system/stemma.service
    exec_start=$(sed -n 's/^ExecStart=//p' "$unit")
    user=$(sed -n 's/^User=//p' "$unit")
    data=$(sed -n 's/^Environment=//p' "$unit")
    # shellcheck disable=SC2046,SC2086 # words
    chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
        /usr/bin/env -i $data $(grep -v '^#' "$root/etc/stemma/env" | xargs) $exec_start >"$root/tmp/log" 2>&1 &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        in_root STEMMA_TOKEN=secret stemma health --url http://127.0.0.1:$port >/dev/null 2>&1 && return
        sleep 0.25
    done
    cat "$root/tmp/log"
    die "it does not answer"
}
end() {
    kill "$server"
    wait "$server" || die "it ended with $?"
    server=
}

# asked WORDS: that is what systemd was asked to do with the service since the last time.
asked() {
    now=$(cat "$root/tmp/asked")
    : >"$root/tmp/asked"
    [ "$now" = "$*" ] || die "systemd was asked '$now', not '$*'"
}
mkdir -p "$root/tmp/systemd" "$root/run/systemd/system"
: >"$root/tmp/asked"
printf '#!/bin/sh\n[ "$1" = --system ]\n' >"$root/tmp/systemd/systemctl"
printf '#!/bin/sh\necho "$1" >>/tmp/asked\n' >"$root/tmp/systemd/deb-systemd-invoke"
chmod +x "$root/tmp/systemd/systemctl" "$root/tmp/systemd/deb-systemd-invoke"

mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
cp "$deb" "$root/tmp/$name"
in_root apt-get update -qq
say "install"
in_root apt-get install -y -qq --no-install-recommends -o DPkg::Path= "/tmp/$name" >"$root/tmp/apt.log" 2>&1 || { cat "$root/tmp/apt.log"; die install; }
asked start
[ "$(in_root stat -c '%U:%G %a' /var/lib/stemma)" = "stemma:stemma 700" ] || die "the folder's owner"
[ "$(in_root stat -c '%U:%G %a' /etc/stemma/env)" = "root:root 600" ] || die "the environment's owner"
in_root getent passwd stemma | grep -q ':/var/lib/stemma:/usr/sbin/nologin$' || die "the user"
in_root test -e /etc/systemd/system/multi-user.target.wants/stemma.service || say "(not enabled: no deb-systemd-helper)"

say "start, with what the administrator set"
printf 'STEMMA_TOKEN=secret\nSTEMMA_LISTEN=127.0.0.1:%s\n' $port >>"$root/etc/stemma/env"
start
in_root STEMMA_TOKEN=wrong stemma health --url http://127.0.0.1:$port >/dev/null 2>&1 && die "it takes another token"
curl -sf -H 'Authorization: Bearer secret' -H 'Content-Type: application/json' -d '{"name":"kept"}' \
    "http://127.0.0.1:$port/api/v1/projects" >/dev/null || die "it does not write"
[ "$(in_root stat -c %U /var/lib/stemma/stemma.db)" = stemma ] || die "who owns the data"
end

say "upgrade: what the administrator wrote stays"
dpkg-deb -R "$root/tmp/$name" "$root/tmp/next"
sed -i 's/^Version: .*/Version: 99.0-1/' "$root/tmp/next/DEBIAN/control"
sed -i 's/^# What the Stemma service runs with/# Of a newer version: what it runs with/' "$root/tmp/next/etc/stemma/env"
dpkg-deb --root-owner-group -b "$root/tmp/next" "$root/tmp/next.deb" >/dev/null
in_root dpkg --force-confold -i /tmp/next.deb >"$root/tmp/apt.log" 2>&1 || { cat "$root/tmp/apt.log"; die upgrade; }
asked try-restart
grep -q '^STEMMA_TOKEN=secret$' "$root/etc/stemma/env" || die "the environment was lost"
[ "$(in_root stat -c '%U:%G %a' /etc/stemma/env)" = "root:root 600" ] || die "the environment's mode after an upgrade"
start
curl -sf -H 'Authorization: Bearer secret' "http://127.0.0.1:$port/api/v1/projects/kept" >/dev/null || die "the data is gone"
end

say "remove: data and environment stay"
in_root dpkg -r stemma >/dev/null
[ ! -e "$root/usr/bin/stemma" ] && [ -e "$root/etc/stemma/env" ] && [ -e "$root/var/lib/stemma/stemma.db" ] || die remove
asked stop
say "install again over the data"
in_root dpkg --force-confold -i "/tmp/$name" >/dev/null 2>&1 || die "install again"
asked start
start
curl -sf -H 'Authorization: Bearer secret' "http://127.0.0.1:$port/api/v1/projects/kept" >/dev/null || die "the data is gone"
end
say "purge: data stays, and is told of"
in_root dpkg -P stemma 2>&1 | grep -q "holds data" || die "purge says nothing of the data"
[ ! -e "$root/etc/stemma" ] && [ -e "$root/var/lib/stemma/stemma.db" ] || die purge
in_root getent passwd stemma >/dev/null || die "the data's owner is gone"
say "purge without data leaves nothing"
in_root dpkg --force-confold -i "/tmp/$name" >/dev/null 2>&1
rm -rf "$root"/var/lib/stemma/* "$root"/var/lib/stemma/.[!.]*
in_root dpkg -P stemma >/dev/null 2>&1
[ ! -e "$root/var/lib/stemma" ] && [ ! -e "$root/etc/stemma" ] || die "purge left something"
say "ok"
