# SPDX-License-Identifier: Apache-2.0
"""Pickles in versions: what loading one would import is told by the API, show, push and pull, and nothing of it runs."""

import bz2
import collections
import datetime
import gzip
import io
import lzma
import os
import pickle
import pickletools
import random
import sys
import tarfile
import types
import zipfile
import zlib

import cloudpickle
import joblib
import numpy
import pandas
import pyarrow
import pytest
from conftest import unique
from folders import commands


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


class Storage:
    pass


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        return ("storage", "FloatStorage", "0", "cpu", 4) if isinstance(value, Storage) else None


def torch_archive(value, method=zipfile.ZIP_STORED):
    """As torch.save lays it out."""
    inside, out = io.BytesIO(), io.BytesIO()
    TorchPickler(inside, 2).dump(value)
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("model/data.pkl", inside.getvalue())
        archive.writestr("model/data/0", bytes(16))
        archive.writestr("model/version", "3\n")
    return out.getvalue()


@pytest.fixture
def pushed(api, server, tmp_path):
    """Pushes a folder of these files; what the API says of each, and the command line with the repo's name."""
    stemma = commands(server, tmp_path)

    def push(files):
        repo = unique("pickles")
        for name, data in files.items():
            (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "out" / name).write_bytes(data)
        done = stemma.ok("push", "out", repo)
        found = {f["path"]: f for f in api.all(f"repos/{repo}/versions/1/pickles", limit=2)}
        return found, done, stemma, repo

    return push


def names(found):
    return {i["name"]: i["verdict"] for i in found["imports"]}


def genops_names(data):
    """What Python's own walk over the opcodes says: names out of two texts, or one text with both."""
    out, texts, memo, last = set(), [], [], None
    for opcode, arg, _ in pickletools.genops(data):
        if opcode.name in ("GLOBAL", "INST"):
            out.add(arg.replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":
            out.add(".".join(texts[-2:]))
        if "UNICODE" in opcode.name:
            texts.append(arg)
        elif opcode.name == "MEMOIZE":
            memo.append(last)
        elif opcode.name == "BINGET" and len(memo) > arg and isinstance(memo[arg], str):
            texts.append(memo[arg])
        last = arg
    return out


def test_a_hostile_pickle_is_named_and_never_run(pushed, tmp_path):
    marker = tmp_path / "ran"
    bad = [Evil(marker), collections.OrderedDict(w=1.0)]
    files = {f"p{p}.pkl": pickle.dumps(bad, p) for p in range(6)}
    files["model.pt"] = torch_archive(bad)
    files["packed.ckpt"] = torch_archive(bad, zipfile.ZIP_DEFLATED)
    files["two.pickle"] = pickle.dumps(1) + pickle.dumps(bad)
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys()
    for f in found.values():
        assert f["verdict"] == "dangerous" and names(f)["posix.system"] == "dangerous" and "problem" not in f, f
        assert names(f)["collections.OrderedDict"] == "harmless"
    assert found["two.pickle"]["pickles"] == 2
    assert "warning: whoever loads model.pt runs posix.system: dangerous, load it nowhere" in done.err
    pulled = stemma.ok("pull", repo, "again")
    assert "whoever loads p0.pkl runs posix.system" in pulled.err
    shown = stemma.ok("show", repo).out
    assert "model.pt  dangerous\n" in shown and "imports posix.system  dangerous\n" in shown
    assert "imports 1 known to be harmless" in shown
    assert {f["path"] for f in stemma.ok("show", repo, "--json").json["pickles"]} == files.keys()
    assert not marker.exists()
    pickle.loads((tmp_path / "again/p4.pkl").read_bytes())  # the same bytes do run when somebody loads them
    assert marker.exists()


def test_harmless_and_unknown_ones(pushed):
    arrays = {"w": numpy.arange(6.0).reshape(2, 3), "n": numpy.float64(1.5)}
    files = {f"arrays{p}.pkl": pickle.dumps(arrays, p) for p in range(6)}
    large = {"b": bytes(200_000), "s": "x" * 70_000, "n": list(range(50_000)), "a": numpy.zeros(40_000)}  # of many frames
    files |= {f"large{p}-{name}.pkl": dumps(large, p) for p in (2, 4, 5) for name, dumps in (("c", pickle.dumps), ("python", pickle._dumps))}
    files["model.bin"] = torch_archive(collections.OrderedDict(w=Storage()))
    files["weights.bin"] = b"GGUF" + bytes(100)
    files["library/own.pkl"] = pickle.dumps(datetime.date(2026, 1, 1)) + b"cmine.models\nNet\n."
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys() - {"weights.bin"}
    for name, f in found.items():
        if name == "library/own.pkl":
            assert names(f) == {"mine.models.Net": "unknown", "datetime.date": "harmless"}
        else:
            assert f["verdict"] == "harmless" and "problem" not in f, f
            assert name == "model.bin" or names(f).keys() == genops_names(files[name]), f
    assert done.err.count("warning") == 1
    assert "whoever loads library/own.pkl runs mine.models.Net: not known to be harmless" in done.err
    assert "arrays5.pkl  harmless\n" in stemma.ok("show", repo).out


def test_damaged_ones_are_told(pushed):
    whole = pickle.dumps(collections.OrderedDict(a="x" * 100))
    held = io.BytesIO()
    joblib.dump({"w": numpy.arange(5.0)}, held)
    files = {
        "cut.pkl": whole[:-20],
        "none.pkl": b"plain text\n",
        "empty.pkl": b"",
        "lies.pkl": b"\x80\x04\x8e" + b"\xff" * 8 + b".",
        "cut.pt": torch_archive([1])[:-40],
        "arrays.joblib": held.getvalue(),
        "hidden.pkl": b"\x80\x04K\x01\x8c\x06system\x93.",
        "escape.pkl": b"c\x1b[2J\nsystem\n.",
    }
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys()
    for name, f in found.items():
        assert f["verdict"] != "harmless", f
        assert ("problem" in f) == (name != "hidden.pkl"), f
    assert names(found["hidden.pkl"]) == {"(a name that is computed)": "dangerous"}
    assert "joblib" in found["arrays.joblib"]["problem"]
    assert names(found["arrays.joblib"])["joblib.numpy_pickle.NumpyArrayWrapper"] == "harmless"
    assert "what loading cut.pkl would run is not all known: at byte " in done.err
    assert "cut.pt  unknown  not read to its end: " in stemma.ok("show", repo).out
    assert "\x1b" not in done.err


def test_a_version_without_pickles_or_without_files(api, pushed):
    found, done, stemma, repo = pushed({"config.json": b"{}"})
    assert not found and not done.err and "\npickles" not in stemma.ok("show", repo).out
    assert stemma.ok("show", repo, "--json").json["pickles"] == []
    assert api.get(f"repos/{repo}/versions/7/pickles").status_code == 404
    assert api.get(f"repos/{repo}/versions/1/pickles", limit=0).status_code == 400


EVIL = b"cos\nsystem\n(S'true'\ntR."
# What may stand before it: each alone is taken by one of Python's unpicklers, or by none.
ODD = [
    *(b"Np%b\n0" % n for n in (b"1_0", b" +1", b"-0", b"1\0C", b"0" * 40, b"4194304", b"9" * 20, b"-1", b"_1", b"x")),
    *(b"Np1\n0g%b\n0" % n for n in (b"1", b"+1 ", b"0_1", b"2", b"")),
    *(b"\x95" + n.to_bytes(8, "little") for n in (*range(12), 30, 1 << 20)),
    b"I1_0\n0", b"I x\n0", b"L1\n0", b"F1_0\n0", b"Va\xe9\n0", b"S'a' \n0", b"T\1\0\0\0\xff0", b"K\1.", b"]N\x98",
    b"(0", b"(20", b"N(R", b"(N0", b"(1", b"N\x85", b"N\x86", b"\x87", b"(t", b"N(e", b"(o", b"\x80\4", b"\x80\7", b"Px\n",
]
ENDS = [EVIL, b"cos\nsystem\n", b"cos\nsystemX", b"cosX", b"cos\n\n.", b"(" + EVIL[:13].replace(b"c", b"i"), b"ios\nsystem\n."]


def wants(unpickler, file):
    """Which names this unpickler of Python asks for: nothing is imported."""
    asked = set()

    class Watched(unpickler):
        def find_class(self, module, name):
            asked.add(f"{module}.{name}")
            return lambda *_: None

    try:
        for _ in range(3):  # one behind the other
            Watched(file, encoding="latin1").load()
    except Exception:  # it stops here
        pass
    return asked


def test_whatever_an_unpickler_goes_on_from_is_told(pushed):
    """Files that nobody calls pickles: what Python's own unpicklers would import of them is told, or that it is not known."""
    chance = random.Random(1)
    tried = [b"".join(chance.choices(ODD, k=chance.randrange(1, 4))) + chance.choice(ENDS) for _ in range(400)]
    tried += [odd + EVIL for odd in ODD]
    files = {f"{n}.bin": data for n, data in enumerate(tried)}
    found, done, stemma, repo = pushed(files)
    ran = 0
    for name, data in files.items():
        for unpickler in pickle._Unpickler, pickle.Unpickler:
            ran += tells(found.get(name), wants(unpickler, io.BytesIO(data)), data)
    assert ran > 200


def tells(found, asked, data):
    asked = {name for name in asked if not name.startswith(".")}  # no module has no name
    assert not asked or found, (data, asked)
    assert not asked or found.get("problem") or asked <= names(found).keys(), (data, asked)
    return bool(asked)


def test_whatever_comes_out_of_what_is_damaged_is_told(pushed):
    """gzip gives what there is before it finds that something is wrong."""
    chance = random.Random(2)
    files = {}
    for n in range(300):
        data = b"".join(chance.choices(ODD, k=chance.randrange(1, 4))) + chance.choice(ENDS) + chance.randbytes(chance.choice((0, 20, 3000)))
        some = chance.randrange(1, len(data))
        packed = bytearray(gzip.compress(data[:some]) + bytes(chance.randrange(3)) + gzip.compress(data[some:]) + chance.choice((b"", b"\0", b"more")))
        if n % 3:
            packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
        files[f"{n}.bin.gz"] = bytes(packed[: chance.randrange(len(packed)) if n % 2 else None])
    found, done, stemma, repo = pushed(files)
    ran = 0
    for name, data in files.items():
        for unpickler in pickle._Unpickler, pickle.Unpickler:
            ran += tells(found.get(name), wants(unpickler, gzip.GzipFile(fileobj=io.BytesIO(data))), data)
    assert ran > 50


def test_limits_and_old_archives_are_told(pushed):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo("storages")
        member.size = len(EVIL)
        archive.addfile(member, io.BytesIO(EVIL))
    files = {"a.bin": b"Np1_0\n0" + EVIL, "b.pth": b"Np4194304\n0" + EVIL, "c.ckpt": b"N" * (2**20 + 1) + EVIL, "old.pt": tar.getvalue()}
    found, done, stemma, repo = pushed(files)
    assert names(found["a.bin"]) == {"os.system": "dangerous"}
    for name, part in (("b.pth", "too many values for later"), ("c.ckpt", "too many values at once"), ("old.pt", "a tar archive")):
        assert found[name]["verdict"] == "unknown" and part in found[name]["problem"]
        assert f"what loading {name} would run is not all known" in done.err


# ---- in other files ---------------------------------------------------------------------------


def joblibbed(value, compress):
    out = io.BytesIO()
    joblib.dump(value, out, compress=compress)
    return out.getvalue()


def zstd(data):
    return pyarrow.Codec("zstd").compress(data, asbytes=True)


def saved(save, *arrays, **named):
    out = io.BytesIO()
    save(out, *arrays, **named)
    return out.getvalue()


def zipped(files, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def objects(*values):
    out = numpy.empty(len(values), object)
    out[:] = values
    return out


def test_compressed_ones_are_looked_into(pushed, tmp_path):
    bad = Evil(tmp_path / "ran")
    plain = pickle.dumps(bad)
    pandas.to_pickle(bad, tmp_path / "x.pkl.zip")
    pandas.to_pickle(bad, tmp_path / "x.pkl.gz")
    files = {
        "a.pkl.gz": gzip.compress(plain),
        "b.pickle.zst": zstd(plain),
        "two.pkl.gz": gzip.compress(pickle.dumps(1)) + bytes(3) + gzip.compress(plain),  # one behind the other
        "two.pkl.zst": zstd(pickle.dumps(1)) + zstd(plain),
        "cut.pkl.gz": gzip.compress(plain + os.urandom(5000))[:-4000],
        "rest.pkl.gz": gzip.compress(plain) + b"not compressed",
        "c.joblib": joblibbed(bad, 3),
        "d.joblib.gz": joblibbed(bad, ("gzip", 3)),
        "e.pkl.z": zlib.compress(plain),
        "f.pt.gz": gzip.compress(torch_archive(bad)),
        "g.pth.tar": torch_archive(bad),
        "pandas.pkl.zip": (tmp_path / "x.pkl.zip").read_bytes(),
        "pandas.pkl.gz": (tmp_path / "x.pkl.gz").read_bytes(),
        "alone.pkl.zip": zipped({"what": plain}, zipfile.ZIP_DEFLATED),
    }
    assert files["c.joblib"][0] == 0x78
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys() and not (tmp_path / "ran").exists()
    for name, f in found.items():
        assert names(f) == {"posix.system": "dangerous"} and f["verdict"] == "dangerous", f
        assert ("problem" in f) == (name == "cut.pkl.gz"), f
    assert "damaged" in found["cut.pkl.gz"]["problem"]
    assert found["two.pkl.gz"]["pickles"] == found["two.pkl.zst"]["pickles"] == 2


def test_what_is_compressed_otherwise_is_told(pushed):
    plain = pickle.dumps([1])
    files = {
        "a.pkl.bz2": (bz2.compress(plain), "bzip2"),
        "b.pkl.xz": (lzma.compress(plain), "xz"),
        "c.joblib": (joblibbed([1], ("bz2", 3)), "bzip2"),
        "d.joblib": (joblibbed([1], ("xz", 3)), "xz"),
        "e.joblib": (joblibbed([1], ("lzma", 3)), "lzma"),
        "f.pkl.lz4": (b"\x04\x22\x4d\x18" + bytes(20), "lz4"),
        "g.pt.xz": (lzma.compress(torch_archive([1])), "xz"),
        "h.pkl.zip": (zipped({"h.pkl": plain}, zipfile.ZIP_BZIP2), "h.pkl: it is compressed in a way"),
        "i.pkl.gz.gz": (gzip.compress(gzip.compress(plain)), "within what is"),
        "j.npz.gz": (gzip.compress(saved(numpy.savez_compressed, objects(1))), "arr_0.npy: it is compressed within"),
    }
    found, done, stemma, repo = pushed({name: data for name, (data, _) in files.items()})
    assert found.keys() == files.keys()
    for name, f in found.items():
        assert f["verdict"] == "unknown" and files[name][1] in f["problem"] and "not " in f["problem"], f
    assert "what loading a.pkl.bz2 would run is not all known: it is compressed with bzip2: it was not looked into" in done.err


def test_numpys_arrays(pushed, tmp_path):
    bad = objects(Evil(tmp_path / "ran"), {"a": 1})
    mixed = numpy.zeros(2, [("Open", "<f8"), ("x", "O")])
    mixed["x"] = bad
    texts = numpy.array(["a", "b"], "T") if int(numpy.__version__[0]) > 1 else bad
    files = {
        "o.npy": saved(numpy.save, bad),
        "mixed.npy": saved(numpy.save, mixed),
        "some.npz": saved(numpy.savez, a=numpy.zeros(9), b=bad),
        "packed.npz": saved(numpy.savez_compressed, a=numpy.zeros(9), b=bad),
        "o.npy.gz": gzip.compress(saved(numpy.save, bad)),
        "o": saved(numpy.save, bad),
        "is-none.npy": pickle.dumps(bad),  # numpy.load takes pickles too
        "dates.npy": saved(numpy.save, objects(datetime.date(2026, 1, 1))),
        "texts.npy": saved(numpy.save, texts),
    }
    large = numpy.zeros(5_000_000)
    numbers = {
        "n.npy": saved(numpy.save, numpy.arange(9.0)),
        "fields.npy": saved(numpy.save, numpy.zeros(300, [("Open", "<f8"), ("close", "<i4", (2,)), ("name", "S3")])),
        "unicode.npy": saved(numpy.save, numpy.array(["O", "T"] * 90)),
        "bytes.npy": saved(numpy.save, numpy.frombuffer(pickle.dumps(bad), "u1")),
        "n.npz": saved(numpy.savez_compressed, large, numpy.arange(3)),
        "n.npy.gz": gzip.compress(saved(numpy.save, large)),
        "array": saved(numpy.save, large[:10]),
        "many.npz": saved(numpy.savez, **{f"a{n}": large[:n] for n in range(1500)}),
        "packed-many.npz": saved(numpy.savez_compressed, **{f"a{n}": large[:9000] for n in range(1500)}),
    }
    found, done, stemma, repo = pushed(files | numbers)
    assert found.keys() == files.keys()
    for name, f in found.items():
        assert "problem" not in f and ("posix.system" in names(f)) == (name not in ("dates.npy", "texts.npy")), (name, f)
    assert found["dates.npy"]["verdict"] == "harmless"


def test_headers_that_hide_objects(pushed):
    """Each of these NumPy reads as an array of objects, and each hides the letter another way."""
    import numpy.lib.format as npy

    descriptions = ["'O'", "'|O8'", '"O"', "'object'", "'\\x4f'", "'' 'O'", "'ob' 'ject'", "'''O'''", "[('a', 'f4,O')]", "('O', (1,))", "'2O'", "'T'"]
    files = {}
    for n, descr in enumerate(descriptions):
        header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
        head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        with pytest.raises(ValueError, match="allow_pickle|Object arrays"):
            npy.read_array(io.BytesIO(head + EVIL), allow_pickle=False)
        files[f"{n}.npy"] = head + EVIL
        files[f"long{n}.npy"] = head.replace(b"\x01\x00", b"\x02\x00", 1)[:8] + (len(header) + 40_000).to_bytes(4, "little") + header[:-1] + b" " * 40_000 + b"\n" + EVIL
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys()
    assert all(names(f) == {"os.system": "dangerous"} for f in found.values())


def test_by_first_bytes_where_a_name_says_nothing(pushed, tmp_path):
    bad = Evil(tmp_path / "ran")
    dilled = types.ModuleType("dill._dill")
    dilled._load_type = lambda name: int
    dilled._load_type.__module__, dilled._load_type.__qualname__ = "dill._dill", "_load_type"

    class Dilled:
        def __reduce__(self):
            return dilled._load_type, ("CodeType",)

    sys.modules |= {"dill": types.ModuleType("dill"), "dill._dill": dilled}
    try:
        by_dill = pickle.dumps(Dilled(), 4)
    finally:
        del sys.modules["dill"], sys.modules["dill._dill"]
    files = {f"p{p}": pickle.dumps(bad, p) for p in range(2, 6)}
    files |= {
        "session.dill": by_dill,
        "weights.dat": gzip.compress(pickle.dumps(bad)),
        "model.sav": zstd(pickle.dumps(bad)),
        "saved_model": torch_archive(bad),
        "agent.zip": zipped({"data": b"{}", "policy.pth": torch_archive(bad), "version": b"2"}),
        "fn.cloudpickle": cloudpickle.dumps(lambda: bad),
    }
    others = {
        "data.json": pickle.dumps(bad),  # no loader takes it for a pickle
        "old": b"cos\nsystem\n.",  # protocol 0 does not show
        "README": b"cat\ndog\n.",
        "photos.zip": zipped({"cat.png": b"c", "list.txt": b"cat\ndog\n."}),
        "one.zip": zipped({"list": b"cat\ndog\n."}),
        "corpus.gz": gzip.compress(b"cat\ndog\n." * 100_000),
        "corpus.xz": lzma.compress(b"cat\ndog\n."),
        "raw": b"\x80\x03" + b"\xff" * 100,
        "short": b"\x80",
    }
    found, done, stemma, repo = pushed(files | others)
    assert found.keys() == files.keys()
    for name, f in found.items():
        assert f["verdict"] == "dangerous" and "problem" not in f, f
    assert names(found["session.dill"]) == {"dill._dill._load_type": "dangerous"}
    assert any(n.startswith("cloudpickle.") for n in names(found["fn.cloudpickle"]))
    assert "warning: whoever loads saved_model runs posix.system" in done.err
    pulled = stemma.ok("pull", repo, "again")
    assert "whoever loads p4 runs posix.system" in pulled.err


def test_bombs_and_archives_in_archives(pushed, tmp_path):
    bad = pickle.dumps(Evil(tmp_path / "ran"))
    zeros = bytes(50 << 20)
    harmless = pickle.dumps(b"x" * (40 << 20))

    def deep(levels):
        return torch_archive([1]) if not levels else zipped({"in.pt": deep(levels - 1)})

    packed = zipped({f"{n}.pkl": zeros for n in range(12)}, zipfile.ZIP_DEFLATED)
    files = {
        "front.pkl.gz": gzip.compress(bad + zeros),
        "behind.pkl.gz": gzip.compress(harmless + bad),
        "behind.pickle.zst": zstd(harmless + bad),
        "many.npz": packed,
        "deep.zip": deep(8),
        "cut.zip": zipped({"a.pkl": bad})[:-30],
        "lies.pt.gz": gzip.compress(torch_archive([1]))[:-100],
        "wide.pkl.zst": b"\x28\xb5\x2f\xfd\x00\x98" + b"\x01\x00\x00",  # asks for a window of 512 MiB
    }
    found, done, stemma, repo = pushed(files)
    assert found.keys() == files.keys() - {"cut.zip"}  # to nobody a zip archive
    for name, f in found.items():
        assert f["verdict"] == ("dangerous" if name == "front.pkl.gz" else "unknown"), f
    assert names(found["front.pkl.gz"]) == {"posix.system": "dangerous"}
    for name in ("front.pkl.gz", "behind.pkl.gz", "behind.pickle.zst"):
        assert "it was not looked into beyond its first 16 MiB" in found[name]["problem"]
    assert "too deep" in found["deep.zip"]["problem"] and found["deep.zip"]["problem"].startswith("in.pt: in.pt: ")
    assert "damaged" in found["lies.pt.gz"]["problem"]
    assert "more memory" in found["wide.pkl.zst"]["problem"]
