// SPDX-License-Identifier: Apache-2.0
// The same value as Python 3.11 pickles it by each protocol: a list with an OrderedDict, a tuple
// of numbers, bytes and text, a set, and two objects whose __reduce__ is (os.system, ("true",)).
#ifndef STEMMA_TESTS_PICKLE_GOLDEN_H
#define STEMMA_TESTS_PICKLE_GOLDEN_H

#include "base/str.h"

static const str pickle_golden[] = {
    STR_K("(lp0\012ccollections\012OrderedDict\012p1\012(tRp2\012Va\012p3\012F1.5\012sa(I1\012"
          "L1180591620717411303424L\012c_codecs\012encode\012p4\012(Vx\012p5\012Vlatin1\012p6"
          "\012tp7\012Rp8\012V\351\134u000a\012p9\012tp10\012ac__builtin__\012set\012p11\012(("
          "lp12\012I01\012aNatp13\012Rp14\012acposix\012system\012p15\012(Vtrue\012p16\012tp17"
          "\012Rp18\012ag15\012g17\012Rp19\012a."), // protocol 0
    STR_K("]q\000(ccollections\012OrderedDict\012q\001)Rq\002X\001\000\000\000aq\003G\077\370"
          "\000\000\000\000\000\000s(K\001L1180591620717411303424L\012c_codecs\012encode\012q"
          "\004(X\001\000\000\000xq\005X\006\000\000\000latin1q\006tq\007Rq\010X\003\000\000"
          "\000\303\251\012q\011tq\012c__builtin__\012set\012q\013(]q\014(I01\012Netq\015Rq"
          "\016cposix\012system\012q\017(X\004\000\000\000trueq\020tq\021Rq\022h\017h\021Rq"
          "\023e."), // protocol 1
    STR_K("\200\002]q\000(ccollections\012OrderedDict\012q\001)Rq\002X\001\000\000\000aq\003G"
          "\077\370\000\000\000\000\000\000s(K\001\212\011\000\000\000\000\000\000\000\000@c_c"
          "odecs\012encode\012q\004X\001\000\000\000xq\005X\006\000\000\000latin1q\006\206q"
          "\007Rq\010X\003\000\000\000\303\251\012q\011tq\012c__builtin__\012set\012q\013]q"
          "\014(\210Ne\205q\015Rq\016cposix\012system\012q\017X\004\000\000\000trueq\020\205q"
          "\021Rq\022h\017h\021Rq\023e."), // protocol 2
    STR_K("\200\003]q\000(ccollections\012OrderedDict\012q\001)Rq\002X\001\000\000\000aq\003G"
          "\077\370\000\000\000\000\000\000s(K\001\212\011\000\000\000\000\000\000\000\000@C"
          "\001xq\004X\003\000\000\000\303\251\012q\005tq\006cbuiltins\012set\012q\007]q\010("
          "\210Ne\205q\011Rq\012cposix\012system\012q\013X\004\000\000\000trueq\014\205q\015Rq"
          "\016h\013h\015Rq\017e."), // protocol 3
    STR_K("\200\004\225x\000\000\000\000\000\000\000]\224(\214\013collections\224\214\013Order"
          "edDict\224\223\224)R\224\214\001a\224G\077\370\000\000\000\000\000\000s(K\001\212"
          "\011\000\000\000\000\000\000\000\000@C\001x\224\214\003\303\251\012\224t\224\217"
          "\224(\210N\220\214\005posix\224\214\006system\224\223\224\214\004true\224\205\224R"
          "\224h\014h\016R\224e."), // protocol 4
    STR_K("\200\005\225x\000\000\000\000\000\000\000]\224(\214\013collections\224\214\013Order"
          "edDict\224\223\224)R\224\214\001a\224G\077\370\000\000\000\000\000\000s(K\001\212"
          "\011\000\000\000\000\000\000\000\000@C\001x\224\214\003\303\251\012\224t\224\217"
          "\224(\210N\220\214\005posix\224\214\006system\224\223\224\214\004true\224\205\224R"
          "\224h\014h\016R\224e."), // protocol 5
};

#endif
