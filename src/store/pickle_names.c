// SPDX-License-Identifier: Apache-2.0
// pickle_names: what is known of names that pickles import. Harmless are single names that do
// nothing but make values out of what the file holds; dangerous are modules with all that is in
// them, and single names, that run commands, code or other pickles, or reach what does. Both
// lists name things as Python 2 did too. No state.
#include "store/pickle_internal.h"

static const char *const harmless[] = {
    // Python
    "builtins.bool", "builtins.bytearray", "builtins.bytes", "builtins.complex",
    "builtins.dict", "builtins.float", "builtins.frozenset", "builtins.int", "builtins.list",
    "builtins.object", "builtins.range", "builtins.set", "builtins.slice", "builtins.str",
    "builtins.tuple", "__builtin__.bool", "__builtin__.bytearray", "__builtin__.complex",
    "__builtin__.dict", "__builtin__.float", "__builtin__.frozenset", "__builtin__.int",
    "__builtin__.list", "__builtin__.long", "__builtin__.object", "__builtin__.set",
    "__builtin__.slice", "__builtin__.str", "__builtin__.tuple", "__builtin__.unicode",
    "__builtin__.xrange", "_codecs.encode", "copy_reg._reconstructor", "copyreg._reconstructor",
    "collections.Counter", "collections.OrderedDict", "collections.defaultdict",
    "collections.deque", "argparse.Namespace", "datetime.date", "datetime.datetime",
    "datetime.timedelta", "datetime.timezone", "decimal.Decimal", "fractions.Fraction",
    "uuid.UUID",
    // NumPy
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar", "numpy.core.numeric._frombuffer",
    "numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
    "numpy._core.numeric._frombuffer", "joblib.numpy_pickle.NumpyArrayWrapper",
    // PyTorch
    "torch.Size", "torch.Tensor", "torch.device", "torch.nn.parameter.Parameter",
    "torch._tensor._rebuild_from_type_v2", "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state", "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor", "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
    "torch.serialization._get_layout", "torch.storage.TypedStorage",
    "torch.storage.UntypedStorage", "torch.storage._TypedStorage",
    "torch.storage._UntypedStorage", "torch.BFloat16Storage", "torch.BoolStorage",
    "torch.ByteStorage", "torch.CharStorage", "torch.ComplexDoubleStorage",
    "torch.ComplexFloatStorage", "torch.DoubleStorage", "torch.FloatStorage",
    "torch.HalfStorage", "torch.IntStorage", "torch.LongStorage", "torch.QInt32Storage",
    "torch.QInt8Storage", "torch.QUInt8Storage", "torch.ShortStorage", "torch.UntypedStorage",
    "torch.bfloat16", "torch.bool", "torch.complex128", "torch.complex64", "torch.float16",
    "torch.float32", "torch.float64", "torch.float8_e4m3fn", "torch.float8_e5m2", "torch.int16",
    "torch.int32", "torch.int64", "torch.int8", "torch.uint8"};

static const char *const dangerous[] = {
    // commands, the system, files
    "os", "posix", "nt", "posixpath", "ntpath", "sys", "subprocess", "_posixsubprocess", "pty",
    "popen2", "commands", "shutil", "tempfile", "signal", "ctypes", "_ctypes", "cffi", "mmap",
    "multiprocessing", "threading", "_thread", "thread", "asyncio", "platform", "site",
    "io.open", "io.open_code", "io.FileIO", "_io.open", "_io.open_code", "_io.FileIO",
    "pathlib.Path.write_bytes", "pathlib.Path.write_text", "fileinput", "webbrowser",
    // code
    "builtins.__import__", "builtins.breakpoint", "builtins.compile", "builtins.delattr",
    "builtins.eval", "builtins.exec", "builtins.getattr", "builtins.globals", "builtins.input",
    "builtins.locals", "builtins.memoryview", "builtins.open", "builtins.setattr",
    "builtins.vars", "__builtin__.__import__", "__builtin__.apply", "__builtin__.compile",
    "__builtin__.delattr", "__builtin__.eval", "__builtin__.execfile", "__builtin__.file",
    "__builtin__.getattr", "__builtin__.globals", "__builtin__.input", "__builtin__.locals",
    "__builtin__.open", "__builtin__.raw_input", "__builtin__.reload", "__builtin__.setattr",
    "__builtin__.vars", "bdb", "cProfile", "code", "codeop", "doctest", "imp", "importlib",
    "_frozen_importlib", "_frozen_importlib_external", "inspect", "lib2to3", "idlelib",
    "logging.config", "marshal", "pdb", "pkgutil", "profile", "pydoc", "runpy", "timeit",
    "trace", "types.CodeType", "types.FunctionType", "zipimport", "ensurepip", "pip",
    "setuptools", "distutils", "venv", "functools.partial", "functools.reduce", "operator",
    "_operator", "numpy.f2py", "numpy.distutils", "numpy.testing", "torch.utils.cpp_extension",
    "torch.distributed", "torch.multiprocessing", "torch._inductor", "torch._dynamo",
    // other pickles, which are not walked
    "pickle", "_pickle", "cPickle", "copyreg.pickle", "copyreg.add_extension",
    "copy_reg.pickle", "shelve", "dill", "cloudpickle", "joblib.load",
    "joblib.numpy_pickle.load", "numpy.load", "numpy.loads", "numpy.lib.npyio",
    "pandas.read_pickle", "pandas.io.pickle", "torch.load", "torch.serialization.load",
    "torch.storage._load_from_bytes", "torch.jit", "torch.hub", "torch.package", "keras.models",
    "tensorflow",
    // the network
    "socket", "_socket", "socketserver", "SocketServer", "ssl", "http", "httplib", "urllib",
    "urllib2", "urllib3", "requests", "aiohttp", "httpx", "ftplib", "smtplib", "imaplib",
    "poplib", "nntplib", "telnetlib", "xmlrpc", "xmlrpclib", "paramiko"};

static bool is_or_in(str name, const char *of) {
    str top = str_of(of);
    return str_starts(name, top) && (name.n == top.n || name.p[top.n] == '.');
}

static bool is_dangerous(str name) {
    for (size_t i = 0; i < sizeof dangerous / sizeof *dangerous; i++)
        if (is_or_in(name, dangerous[i])) return true;
    return false;
}

// From protocol 4 on a name may walk: "system" of the "os" that a harmless module has imported,
// or on through the insides of an object.
static bool walks_to_danger(str name) {
    bool walks = str_find(name, '.', 0) != SIZE_MAX;
    for (str rest = name; walks && rest.n; rest = str_from(rest, str_find(rest, '.', 0) + 1)) {
        if (is_dangerous(rest) || str_starts(rest, STR("__"))) return true;
        if (str_find(rest, '.', 0) == SIZE_MAX) break;
    }
    return false;
}

pickle_verdict pickle_judge(str name, size_t module_n) {
    if (is_dangerous(name) || walks_to_danger(str_from(name, module_n + 1)))
        return PICKLE_DANGEROUS;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (str_is(name, harmless[i])) return PICKLE_HARMLESS;
    return PICKLE_UNKNOWN;
}
