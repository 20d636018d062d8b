# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after the power went: built from the journal that the shim wrote (shim.c).

A file's bytes: of each sector (512 or 4,096 bytes) the disk holds what the page cache held at some moment between the
last sync that covers it and the end. Its size, likewise. A folder's names: each change that no sync of the folder
covers is there or not. How these choices hang together differs between file systems, so a *mood* is drawn a loss: all
is lost, nothing is, everything up to a moment is there (an ordered journal) with the write at that moment torn, or each
choice for itself. A sync that failed covers nothing, and what it should have covered is covered by no later one: the
kernel may have dropped those pages.
"""
import os
import random
import struct

ENTRY = struct.Struct("<IiQQQ")
OPEN, WRITE, TRUNCATE, SYNC, SYNC_FAILED, RENAME, UNLINK, MKDIR = range(1, 9)
MOODS = ("none", "all", "prefix", "each")


def entries(path):
    """(op, file, a, path or data, second path) for each whole entry of a journal."""
    with open(path, "rb") as f:
        while True:
            head = f.read(ENTRY.size)
            if len(head) < ENTRY.size:
                return
            op, file, a, n1, n2 = ENTRY.unpack(head)
            first, second = f.read(n1), f.read(n2)
            if len(first) + len(second) < n1 + n2:
                return
            yield op, file, a, first, second


class Change:
    """A write, or a truncation (data is None: the size becomes `at`)."""

    __slots__ = ("index", "at", "data", "doomed", "size")

    def __init__(self, index, at, data, size):
        self.index, self.at, self.data, self.doomed, self.size = index, at, data, False, size

    def range(self, before):
        """The bytes that it changes in a file of `before` bytes."""
        return (self.at, self.at + len(self.data)) if self.data is not None else (self.at, max(self.at, before))


class File:
    def __init__(self, data=b""):
        self.disk = bytearray(data)  # synced
        self.size = len(data)  # in the page cache
        self.changes = []  # not synced, in order

    def change(self, index, at, data):
        before = self.size
        self.size = at if data is None else max(at + len(data), before)
        self.changes.append(Change(index, at, data, self.size))

    def sync(self, before):
        covered = [c for c in self.changes if c.index < before and not c.doomed]
        self.changes = [c for c in self.changes if c.index >= before or c.doomed]
        for c in covered:
            put(self.disk, c)

    def sync_failed(self, before):
        for c in self.changes:
            c.doomed |= c.index < before

    def lost(self, draw):
        """Its bytes after the power went."""
        if not self.changes:
            return self.disk
        return draw.bytes(self.disk, self.changes)


class Folder:
    def __init__(self):
        self.names = {}  # now
        self.disk = {}  # synced
        self.changes = []  # (index, name, node or None)

    def change(self, index, name, node):
        if node is None:
            self.names.pop(name, None)
        else:
            self.names[name] = node
        self.changes.append((index, name, node))

    def sync(self, before):
        for index, name, node in self.changes:
            if index < before:
                set_name(self.disk, name, node)
        self.changes = [c for c in self.changes if c[0] >= before]

    def sync_failed(self, before):
        pass


def set_name(names, name, node):
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


def put(data, c, only=None):
    """Applies a change to bytes, or its part within the range `only`."""
    if c.data is None:
        if only is None:
            del data[c.at :]
            data.extend(bytes(c.at - len(data)))
        else:
            start, end = max(only[0], c.at), min(only[1], len(data))
            if start < end:
                data[start:end] = bytes(end - start)
        return
    start, end = c.at, c.at + len(c.data)
    if only is not None:
        start, end = max(start, only[0]), min(end, only[1])
    if start >= end:
        return
    if len(data) < end:
        data.extend(bytes(end - len(data)))
    data[start:end] = c.data[start - c.at : end - c.at]


class Draw:
    """One loss' choices."""

    def __init__(self, rng, position):
        self.rng = rng
        self.mood = rng.choice(MOODS)
        self.sector = rng.choice((512, 4096))
        self.moment = max(0, position - rng.choice((1, 2, 5, 20, 100, 1000)))

    def times(self, changes, index_of):
        """How many of the changes (to one sector, one name, one size), oldest first, reached the disk."""
        if self.mood == "none":
            return 0
        if self.mood == "all":
            return len(changes)
        if self.mood == "prefix":
            return sum(index_of(c) < self.moment for c in changes)
        return self.rng.randint(0, len(changes))

    def bytes(self, disk, changes):
        sectors, size = {}, len(disk)
        for c in changes:
            start, end = c.range(size)
            size = c.size
            for sector in range(start // self.sector, -(-end // self.sector)):
                sectors.setdefault(sector, []).append(c)
        out = bytearray(disk)
        for sector, some in sectors.items():
            only = (sector * self.sector, (sector + 1) * self.sector)
            for c in some[: self.times_torn(some)]:
                put(out, c, only)
        return self.cut(out, len(disk), changes)

    def times_torn(self, some):
        n = self.times(some, lambda c: c.index)
        if self.mood == "prefix" and n < len(some) and some[n].index == self.moment:
            n += self.rng.random() < 0.5  # the write at the moment is torn
        return n

    def cut(self, out, on_disk, changes):
        n = self.times(changes, lambda c: c.index)
        size = changes[n - 1].size if n else on_disk
        del out[size:]
        out.extend(bytes(size - len(out)))
        return out

    def names(self, folder):
        names, by_name = dict(folder.disk), {}
        for c in folder.changes:
            by_name.setdefault(c[1], []).append(c)
        for name, some in by_name.items():
            n = self.times(some, lambda c: c[0])
            if n:
                set_name(names, name, some[n - 1][2])
        return names


class Disk:
    """A folder's files as they were (`base`), and what the journal did to them."""

    def __init__(self, base=None):
        self.root = Folder()
        self.open = {}
        if base:
            self.load(base, self.root)

    def load(self, path, folder):
        for e in os.scandir(path):
            if e.is_dir(follow_symlinks=False):
                node = Folder()
                self.load(e.path, node)
            else:
                with open(e.path, "rb") as f:
                    node = File(f.read())
            folder.names[e.name] = folder.disk[e.name] = node

    def find(self, path):
        """(the folder that holds it, its name, what it is or None)"""
        parts = [p for p in path.decode().split("/") if p]
        if not parts:
            return None, "", self.root
        folder = self.root
        for part in parts[:-1]:
            folder = folder.names[part]
        return folder, parts[-1], folder.names.get(parts[-1])

    def apply(self, index, op, file, a, first, second):
        if op == OPEN:
            self.apply_open(index, file, a, first)
        elif op == WRITE:
            self.open[file].change(index, a, first)
        elif op == TRUNCATE:
            self.open[file].change(index, a, None)
        elif op == SYNC:
            self.open[file].sync(a)
        elif op == SYNC_FAILED:
            self.open[file].sync_failed(a)
        elif op == MKDIR:
            folder, name, _ = self.find(first)
            folder.change(index, name, Folder())
        elif op == UNLINK:
            folder, name, _ = self.find(first)
            folder.change(index, name, None)
        elif op == RENAME:
            folder, name, node = self.find(first)
            to, to_name, _ = self.find(second)
            to.change(index, to_name, node)
            folder.change(index, name, None)

    def apply_open(self, index, file, flags, path):
        folder, name, node = self.find(path)
        if node is None:
            assert flags & os.O_CREAT, path
            node = File()
            folder.change(index, name, node)
        elif flags & os.O_TRUNC and isinstance(node, File) and node.size:
            node.change(index, 0, None)
        self.open[file] = node

    def write_lost(self, out, rng, position):
        """Makes the folder `out`: what may be on the disk when the power goes now."""
        draw = Draw(rng, position)
        os.mkdir(out)
        self.write_folder(out, self.root, draw)
        return draw

    def write_folder(self, out, folder, draw):
        for name, node in draw.names(folder).items():
            path = os.path.join(out, name)
            if isinstance(node, Folder):
                os.mkdir(path)
                self.write_folder(path, node, draw)
            else:
                with open(path, "wb") as f:
                    f.write(draw.rng.randbytes(32768) if name.endswith("-shm") else node.lost(draw))


def losses(journal, base, cuts, out, seed, lie=False):
    """For each position in `cuts` yields (position, folder, mood): a disk when the power went there. The caller may do
    what it wants to the folder. `lie`: the disk's syncs did nothing."""
    rng, disk, cuts = random.Random(seed), Disk(base), sorted(cuts)
    for index, entry in enumerate(entries(journal)):
        while cuts and cuts[0] <= index:
            yield loss(disk, rng, cuts.pop(0), out)
        if not cuts:
            return
        if not (lie and entry[0] == SYNC):
            disk.apply(index, *entry)
    for cut in cuts:
        yield loss(disk, rng, cut, out)


def loss(disk, rng, cut, out):
    folder = os.path.join(out, f"lost-{cut}-{rng.getrandbits(32):08x}")
    draw = disk.write_lost(folder, rng, cut)
    return cut, folder, draw.mood
