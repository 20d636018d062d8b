# SPDX-License-Identifier: Apache-2.0
"""The shim's other side (shim.c): loads it below a server, makes calls fail, reads the journal's position."""
import mmap
import os
import pathlib
import struct
import subprocess

import servers

CONTROL_SIZE, RULES, RULE_SIZE, RULES_AT = 4096, 16, 128, 64
HEAD = struct.Struct("<QqQ")  # position, space, refused
RULE = struct.Struct("<IiqqQII64s")
COUNTED = struct.Struct("<Q")

READ, WRITE, SYNC, OPEN, RENAME, UNLINK, TRUNCATE, MKDIR, LIST = (1 << i for i in range(9))
ALL_WRITING = WRITE | SYNC | RENAME | UNLINK | TRUNCATE | MKDIR

SOURCE = pathlib.Path(__file__).with_name("shim.c")


def shim():
    """The built shim; builds it when it is older than its source."""
    named = os.environ.get("FAULT_SHIM")
    if named:
        return named
    folder = servers.stemma_binary().resolve().parent
    library = folder / "fault_shim.so"
    if not library.exists() or library.stat().st_mtime < SOURCE.stat().st_mtime:
        subprocess.run(["cmake", "--build", folder, "--target", "fault_shim"], check=True, capture_output=True)
    return str(library)


class Faults:
    """What happens to the files below `root`. With a journal, what a power loss needs is written down."""

    def __init__(self, root, beside, journal=False):
        self.root = os.path.realpath(root)
        self.control = os.path.join(beside, "control")
        self.journal = os.path.join(beside, "journal") if journal else None
        with open(self.control, "wb") as f:
            f.truncate(CONTROL_SIZE)
        with open(self.control, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), CONTROL_SIZE)
        self.space = None
        self.used = 0

    def environment(self):
        env = {"LD_PRELOAD": shim(), "FAULT_ROOT": self.root, "FAULT_CONTROL": self.control}
        if self.journal:
            env["FAULT_JOURNAL"] = self.journal
        return env

    @property
    def position(self):
        """Entries in the journal: what a caller knows to have happened stands before it."""
        return HEAD.unpack_from(self.page, 0)[0]

    @property
    def refused(self):
        """Writes that found no space."""
        return HEAD.unpack_from(self.page, 0)[2]

    @property
    def space(self):
        n = HEAD.unpack_from(self.page, 0)[1]
        return None if n < 0 else n

    @space.setter
    def space(self, n):
        """Bytes by which files may still grow; None: without end."""
        struct.pack_into("<q", self.page, 8, -1 if n is None else n)

    def fail(self, ops, match, error, skip=0, count=-1, torn=False):
        """Makes calls fail on files whose path below the root matches; returns the rule's number."""
        number, self.used = self.used, self.used + 1
        assert number < RULES
        at = RULES_AT + number * RULE_SIZE
        RULE.pack_into(self.page, at, 0, error, skip, count, 0, torn, 0, match.encode())
        struct.pack_into("<I", self.page, at, ops)  # last: now it is in force
        return number

    def hits(self, number):
        return RULE.unpack_from(self.page, RULES_AT + number * RULE_SIZE)[4]

    def clear(self):
        """No rule is in force any more."""
        for i in range(RULES):
            struct.pack_into("<I", self.page, RULES_AT + i * RULE_SIZE, 0)
        self.used = 0
