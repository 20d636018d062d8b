# SPDX-License-Identifier: Apache-2.0
"""A small model of repos, versions, refs and releases (docs/versions.md): what each operation replies and leaves, when one
comes behind the other. States are values, so that a search can go back to one.

An operation is a tuple, its name first; `step(state, op)` gives the state behind it and the reply: ("ok", ...), or the code of
the error alone. Refused operations change nothing.
"""
from typing import NamedTuple

ALIAS, TAG = "alias", "tag"


class Version(NamedTuple):
    content: int  # which of the contents that the load knows
    user: str
    card: bool  # it has a README.md
    pins: tuple = ()  # of a release: (repo, number)
    marks: frozenset = frozenset()

    @property
    def deleted(self):
        return "deleted" in self.marks

    @property
    def good(self):
        return not self.marks


class Repo(NamedTuple):
    release: bool
    versions: tuple = ()  # number 1 first
    refs: tuple = ()  # (name, its moves, the oldest first), in the order of names; a move is (kind, from, to)
    asked: tuple = ()  # (ref, needs a card, approvals), in the order of refs
    approvals: frozenset = frozenset()  # (number, ref, user)

    def moves(self, ref):
        return dict(self.refs).get(ref, ())

    def at(self, ref):
        """(kind, number) of where it points; number 0: nowhere."""
        moves = self.moves(ref)
        return (moves[-1][0], moves[-1][2]) if moves else (None, 0)

    def points(self, kind):
        """The refs of a kind that are there: {name: number}."""
        return {name: moves[-1][2] for name, moves in self.refs if moves[-1][2] and moves[-1][0] == kind}


class Refused(Exception):
    pass


EMPTY = ()


def step(state, op):
    world = dict(state)
    try:
        reply = OPS[op[0]](world, *op[1:])
    except Refused as e:
        return state, (e.args[0],)
    return tuple(sorted(world.items())), ("ok", *reply)


# ---- what they share ----


def repo_of(world, name):
    if name not in world:
        raise Refused("NOT_FOUND")
    return world[name]


def version_of(world, name, number):
    versions = repo_of(world, name).versions
    if not 1 <= number <= len(versions) or versions[number - 1].deleted:
        raise Refused("NOT_FOUND")
    return versions[number - 1]


def put(pairs, key, *value):
    """A sorted tuple of tuples with another value for the key; no value: without it."""
    rest = [p for p in pairs if p[0] != key]
    return tuple(sorted(rest + [(key, *value)] if value else rest))


def change(world, name, number, **fields):
    versions = list(world[name].versions)
    versions[number - 1] = versions[number - 1]._replace(**fields)
    world[name] = world[name]._replace(versions=tuple(versions))


def move(world, name, ref, kind, to):
    repo = world[name]
    moves = repo.moves(ref) + ((kind, repo.at(ref)[1], to),)
    world[name] = repo._replace(refs=put(repo.refs, ref, moves))
    return moves[-1][1:]


def expect(now, expected):
    if expected is not None and expected != now:
        raise Refused("CONFLICT")


def pinned(world, name, number=None):
    """Does a release that is there hold it (or any version of the repo)?"""
    return any(pin == name and number in (None, pin_number)
               for repo in world.values() for v in repo.versions if not v.deleted for pin, pin_number in v.pins)


# ---- repos and versions ----


def create(world, name, release):
    if name in world:
        raise Refused("EXISTS")
    world[name] = Repo(release)
    return ()


def drop(world, name):
    if repo_of(world, name).points(TAG) or pinned(world, name):
        raise Refused("STATE")
    del world[name]
    return ()


def add(world, name, version):
    world[name] = world[name]._replace(versions=world[name].versions + (version,))
    return (len(world[name].versions),)


def publish(world, name, content, card, user):
    if repo_of(world, name).release:
        raise Refused("STATE")
    return add(world, name, Version(content, user, card))


def release(world, name, pins, user):
    """In a repo of releases, which is made if need be."""
    for pin, number in pins:
        version_of(world, pin, number)
    world.setdefault(name, Repo(True))
    return add(world, name, Version(-1, user, False, tuple(sorted(pins))))


def mark(world, name, number, which, on):
    marks = version_of(world, name, number).marks
    marks = marks | {which} if on else marks - {which}
    change(world, name, number, marks=marks)
    return (marks,)


def delete(world, name, number):
    marks = version_of(world, name, number).marks
    if pinned(world, name, number) or number in world[name].points(TAG).values():
        raise Refused("STATE")
    for ref, at in sorted(world[name].points(ALIAS).items()):
        if at == number:
            move(world, name, ref, ALIAS, 0)
    change(world, name, number, marks=marks | {"deleted"})
    return ()


# ---- refs ----


def check_asked(world, name, ref, number):
    repo = world[name]
    for asked, card, approvals in repo.asked:
        got = sum(a[:2] == (number, ref) for a in repo.approvals)
        if asked == ref and ((card and not repo.versions[number - 1].card) or got < approvals):
            raise Refused("STATE")


def point(world, name, ref, kind, number, expected, back=False):
    """(from, to, what moved along) and whether it was a move."""
    version = version_of(world, name, number)
    was, at = world[name].at(ref)
    if at and was != kind:
        raise Refused("EXISTS")
    expect(at, expected)
    if at == number:
        return (*world[name].moves(ref)[-1][1:], follow(world, ref, kind, version.pins, back)), False
    if kind == TAG and at:
        raise Refused("STATE")
    if not back:
        check_asked(world, name, ref, number)
    return go(world, name, ref, kind, number, version.pins, back), True


def go(world, name, ref, kind, number, pins, back):
    return (*move(world, name, ref, kind, number), follow(world, ref, kind, pins, back))


def follow(world, ref, kind, pins, back):
    along = []
    for pin, pin_number in pins if kind == ALIAS else ():
        moved, made = point(world, pin, ref, ALIAS, pin_number, None, back)
        if made:
            along.append((pin, *moved[:2]))
    return tuple(along)


def set_ref(world, name, ref, kind, number, expected):
    return point(world, name, ref, kind, number, expected)[0]


def unset(world, name, ref, expected, reason):
    kind, at = repo_of(world, name).at(ref)
    expect(at, expected)
    if not at:
        raise Refused("NOT_FOUND")
    if kind == TAG and not reason:
        raise Refused("INVALID")
    move(world, name, ref, kind, 0)
    return ()


def is_good(world, version):
    return version.good and all(world[pin].versions[number - 1].good for pin, number in version.pins)


def back(world, name, ref, expected):
    repo = repo_of(world, name)
    kind, at = repo.at(ref)
    if kind is None:
        raise Refused("NOT_FOUND")
    if at and kind != ALIAS:
        raise Refused("EXISTS")
    expect(at, expected)
    been = [to for was, _, to in repo.moves(ref) if was == ALIAS]
    before = been[: been.index(at)] if at else been
    good = [to for to in before if to and is_good(world, repo.versions[to - 1])]
    if not good:
        raise Refused("STATE")
    return go(world, name, ref, ALIAS, good[-1], repo.versions[good[-1] - 1].pins, True)


def would_go_back(world, name, ref, expected):
    return back(dict(world), name, ref, expected)


# ---- what protects them ----


def protect(world, name, ref, card, approvals):
    repo = repo_of(world, name)
    world[name] = repo._replace(asked=put(repo.asked, ref, card, approvals))
    return ()


def unprotect(world, name, ref):
    repo = repo_of(world, name)
    if ref not in (a[0] for a in repo.asked):
        raise Refused("NOT_FOUND")
    world[name] = repo._replace(asked=put(repo.asked, ref))
    return ()


def approve(world, name, number, ref, user):
    if version_of(world, name, number).user == user:
        raise Refused("STATE")
    world[name] = world[name]._replace(approvals=world[name].approvals | {(number, ref, user)})
    return ()


def withdraw(world, name, number, ref, user):
    version_of(world, name, number)
    if (number, ref, user) not in world[name].approvals:
        raise Refused("NOT_FOUND")
    world[name] = world[name]._replace(approvals=world[name].approvals - {(number, ref, user)})
    return ()


# ---- reading ----


def read(world, name, ref):
    moves = repo_of(world, name).moves(ref)
    if not moves or not moves[-1][2]:
        raise Refused("NOT_FOUND")
    return moves[-1]


def refs(world, name):
    repo = repo_of(world, name)
    return (tuple((kind, ref, at) for kind in (ALIAS, TAG) for ref, at in sorted(repo.points(kind).items())),)


def look(world, name, number):
    """A version as the reply tells it: (content, marks, aliases, tags, pins)."""
    v = version_of(world, name, number)
    names = [tuple(sorted(n for n, at in world[name].points(k).items() if at == number)) for k in (ALIAS, TAG)]
    return v.content, v.marks, *names, v.pins


def everything(world):
    """All that can be seen, of a world that is quiet: an operation too, whose reply is the state."""
    return (tuple(sorted((name, seen(repo)) for name, repo in world.items())),)


def seen(repo):
    """Approvals are seen where a ref asks for something, they and pins of versions that are there."""
    asked = {a[0] for a in repo.asked}
    there = {number for number, v in enumerate(repo.versions, 1) if not v.deleted}
    return (
        repo.release, tuple((v.content, v.user, () if v.deleted else v.pins, v.marks) for v in repo.versions), repo.refs, repo.asked,
        frozenset(a for a in repo.approvals if a[0] in there and a[1] in asked),
    )  # fmt: skip


OPS = {
    "create": create, "drop": drop, "publish": publish, "release": release, "mark": mark, "delete": delete, "set": set_ref,
    "unset": unset, "back": back, "would go back": would_go_back, "protect": protect, "unprotect": unprotect,
    "approve": approve, "withdraw": withdraw, "read": read, "refs": refs, "look": look, "everything": everything,
}  # fmt: skip


# ---- what a client may ask ----

PINNED, LOOSE, RELEASES = ("bot", "prompt"), "data", "support"
REPOS, REFS, PEOPLE = (*PINNED, LOOSE), ("prod", "best"), ("ann", "bob", "eve")


def setting_up(versions=3, contents=6, protected=False):
    """Operations that make a world in which the others mean something."""
    ops = [("create", name, False) for name in REPOS] + [("create", RELEASES, True)]
    for i in range(versions):
        ops += [("publish", name, i % contents, i % 2 == 1, "ann") for name in REPOS]
    ops += [("release", RELEASES, tuple((name, i + 1) for name in PINNED), "ann") for i in range(versions)]
    return ops + ([("protect", "bot", "prod", False, 1)] if protected else [])


def draw(rng, contents, weights, before):
    """A random operation behind `before` others of this client; weights: {name: how often}."""
    name, ref = rng.choice(REPOS), rng.choice(REFS)
    number = rng.randint(1, 5 + before // 15)
    expected = rng.choice((None, None, 0, 1, 2, 3))
    kind = TAG if rng.random() < 0.1 else ALIAS
    any_repo = rng.choice((*REPOS, RELEASES))
    user, content = rng.choice(PEOPLE), rng.randrange(contents)
    which = rng.choices(*zip(*weights.items()))[0]
    return {
        "create": ("create", name, False),
        "drop": ("drop", rng.choice((LOOSE, LOOSE, name))),
        "publish": ("publish", name, content, content % 2 == 1, user),
        "release": ("release", RELEASES, tuple((n, rng.randint(1, 4)) for n in PINNED), user),
        "mark": ("mark", any_repo, number, rng.choice(("bad", "yanked")), rng.random() < 0.6),
        "delete": ("delete", any_repo, number),
        "set": ("set", any_repo, ref, kind, number, expected),
        "unset": ("unset", any_repo, ref, expected, rng.random() < 0.8),
        "back": ("back", any_repo, ref, expected),
        "would go back": ("would go back", any_repo, ref, expected),
        "protect": ("protect", name, ref, rng.random() < 0.5, rng.randrange(2)),
        "unprotect": ("unprotect", name, ref),
        "approve": ("approve", name, number, ref, user),
        "withdraw": ("withdraw", name, number, ref, user),
        "read": ("read", any_repo, ref),
        "refs": ("refs", any_repo),
        "look": ("look", any_repo, number),
    }[which]
