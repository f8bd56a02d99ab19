"""Ways in which a function may read a number besides its arguments.

Each is source: what is set up, the number, and what changes it from 1.0 to 2.0.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Value
from autograd.program import compile

World = tuple[str, str, str]


class Some:
    """An object with attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


def parsed(text: str) -> dict[str, World]:
    """The worlds by their names: lines of source, "? number" and "! change"."""
    found: dict[str, World] = {}
    for part in text.strip().removeprefix("# ").split("\n# "):
        name, *lines = part.splitlines()
        (number,) = [line[2:] for line in lines if line.startswith("? ")]
        (change,) = [line[2:] for line in lines if line.startswith("! ")]
        setup = [line for line in lines if line[:2] not in ("? ", "! ")]
        found[name] = "\n".join(setup), number, change
    return found


NAMED = parsed("""
# a global
k = 1.0
? k
! k = 2.0
# another type
k = 1.0
? k
! k = 2
# the sign of a zero
import math
k = 0.0
? math.copysign(1.0, k)
! k = -0.0
# a string
k = '1'
? float(k)
! k = '2'
# a bool
k = False
? 1.0 + k
! k = True
# a number of NumPy
import numpy as np
k = np.float64(1.0)
? k
! k = np.float64(2)
# a global of a callee
k = 1.0
def g(): return k
? g()
! k = 2.0
# a callee
def g(): return 1.0
? g()
! def g(): return 2.0
# a callee's code
def g(): return 1.0
def h(): return 2.0
? g()
! g.__code__ = h.__code__
# a chain
c = Some(d=Some(k=1.0))
? c.d.k
! c.d.k = 2.0
# an object replaced
c = Some(d=Some(k=1.0))
? c.d.k
! c.d = Some(k=2.0)
# getattr
c = Some(d=Some(k=1.0))
? getattr(c, 'd').k
! c.d.k = 2.0
# one of two
a, b, q = Some(k=1.0), Some(k=1.0), 1
? (a if q else b).k
! a.k = 2.0
# nested containers
c = {'a': [{'b': 1.0}]}
? c['a'][0]['b']
! c['a'][0]['b'] = 2.0
# a list
c = [1.0]
? c[0]
! c[0] = 2.0
# a list's length
c = [1.0]
? len(c)
! c.append(1)
# a tuple of lists
c = ([1.0],)
? c[0][0]
! c[0][0] = 2.0
# a namespace
from types import SimpleNamespace
c = SimpleNamespace(k=1.0)
? c.k
! c.k = 2.0
# a variable key
c, key = {'a': Some(k=1.0)}, 'a'
? c[key].k
! c['a'].k = 2.0
# a function in a dict
k = 1.0
def g(): return k
c = {'g': g}
? c['g']()
! k = 2.0
# a factory
s = [1.0]
def make(n): return lambda: n * s[0]
? make(1)()
! s[0] = 2.0
# a closure
def make():
    k = 1.0
    def g(): return k
    def put():
        nonlocal k
        k = 2.0
    return g, put
g, put = make()
? g()
! put()
# a closure in a list
def make():
    k = 1.0
    def g(): return k
    def put():
        nonlocal k
        k = 2.0
    return g, put
c = [*make()]
? c[0]()
! c[1]()
# a callback of map
k = 1.0
def g(x): return k
? sum(map(g, [0]))
! k = 2.0
# a decorated one
from functools import wraps
k = 1.0
def deco(f):
    @wraps(f)
    def w(*a): return f(*a)
    return w
@deco
def g(): return k
? g()
! k = 2.0
# behind a partial
from functools import partial
k = [1.0]
g = partial(lambda c: c[0], k)
? g()
! k[0] = 2.0
# behind a partial's keyword
from functools import partial
k = [1.0]
g = partial(lambda c: c[0], c=k)
? g()
! k[0] = 2.0
# a method
class C:
    def __init__(self): self.k = 1.0
    def g(self): return self.k
c = C()
? c.g()
! c.k = 2.0
# a bound method
class C:
    def __init__(self): self.k = 1.0
    def g(self): return self.k
c = C()
g = c.g
? g()
! c.k = 2.0
# a method called by self
class C:
    def __init__(self): self.k = 1.0
    def h(self): return self.k
    def g(self): return self.h()
c = C()
? c.g()
! c.k = 2.0
# a loop over objects
c = [Some(k=0.5), Some(k=0.5)]
? sum([o.k for o in c])
! c[1].k = 1.5
# an object handed on
c = Some(k=1.0)
def g(o): return o.k
? g(c)
! c.k = 2.0
# a property
class C:
    _k = 1.0
    @property
    def k(self): return self._k
c = C()
? c.k
! c._k = 2.0
# a cached property
from functools import cached_property
class C:
    @cached_property
    def k(self): return 1.0
c = C()
? c.k
! c.k = 2.0
# __getattr__
class C:
    def __init__(self): self.d = {'k': 1.0}
    def __getattr__(self, n): return self.d[n]
c = C()
? c.k
! c.d['k'] = 2.0
# __getitem__
class C:
    def __init__(self): self.d = {'k': 1.0}
    def __getitem__(self, n): return self.d[n]
c = C()
? c['k']
! c.d['k'] = 2.0
# __call__
class C:
    def __init__(self): self.k = 1.0
    def __call__(self): return self.k
c = C()
? c()
! c.k = 2.0
# an operator
class C:
    def __init__(self): self.k = 1.0
    def __mul__(self, o): return self.k * o
c = C()
? c * 1.0
! c.k = 2.0
# type(self)
class C:
    k = 1.0
    def g(self): return type(self).k
c = C()
? c.g()
! C.k = 2.0
# a base's attribute
class B: k = 1.0
class C(B): pass
c = C()
? c.k
! B.k = 2.0
# what hides the class's
class C: k = 1.0
c = C()
? c.k
! c.k = 2.0
# a static method
k = 1.0
class C:
    @staticmethod
    def g(): return k
c = C()
? c.g()
! k = 2.0
# a class method
class C:
    k = 1.0
    @classmethod
    def g(cls): return cls.k
c = C()
? C.g()
! C.k = 2.0
# another method
class C:
    def g(self): return 1.0
c = C()
? c.g()
! C.g = lambda self: 2.0
# a dataclass
from dataclasses import dataclass
@dataclass
class C: k: float = 1.0
c = C()
? c.k
! c.k = 2.0
# a descriptor
k = 1.0
class D:
    def __get__(self, *_): return k
class C: d = D()
c = C()
? c.d
! k = 2.0
# an import inside
import sys, types
sys.modules['worlds_k'] = types.ModuleType('worlds_k')
sys.modules['worlds_k'].k = 1.0
def g():
    from worlds_k import k
    return k
? g()
! sys.modules['worlds_k'].k = 2.0
# a module
import types
m = types.ModuleType('m')
m.k = 1.0
? m.k
! m.k = 2.0
# a generator function
k = 1.0
def g():
    yield k
? sum(g())
! k = 2.0
# a default
def g(c=[1.0]): return c[0]
? g()
! g.__defaults__[0][0] = 2.0
# another default
def g(c=1.0): return c
? g()
! g.__defaults__ = (2.0,)
# a keyword's default
def g(*, c=1.0): return c
? g()
! g.__kwdefaults__['c'] = 2.0
# an attribute of a function
def g(): return g.k
g.k = 1.0
? g()
! g.k = 2.0
# what a transform was made of
from autograd import grad
k = 1.0
g = grad(lambda t: t * k)
? g(1.0)
! k = 2.0
# what is compiled
from autograd.program import compile
k = 1.0
g = compile(lambda t: t * k)
? g(1.0)
! k = 2.0
""")
HIDDEN = parsed("""
# a context variable
from contextvars import ContextVar
v = ContextVar('v', default=1.0)
? v.get()
! v.set(2.0)
# the environment
import os
os.environ['AUTOGRAD_TEST_K'] = '1'
? float(os.environ['AUTOGRAD_TEST_K'])
! os.environ['AUTOGRAD_TEST_K'] = '2'
# a name that is new
def g():
    try: return k
    except NameError: return 1.0
? g()
! k = 2.0
# globals()
k = 1.0
? globals()['k'[:]]
! k = 2.0
# eval
k = 1.0
s = 'k' + ''
? eval(s)
! k = 2.0
# a long list
c = [1.0] * 200_000
? c[7]
! c[7] = 2.0
# a long array
import numpy as np
c = np.ones(200_000)
? c[7]
! c[7] = 2.0
# match
class P:
    __match_args__ = ('k' + '',)
    def __init__(self): self.k = 1.0
p = P()
def g():
    match p:
        case P(1.0): return 1.0
    return 2.0
? g()
! p.k = 2.0
# thread-local data
import threading
c = threading.local()
c.k = 1.0
? c.k
! c.k = 2.0
# a weak dictionary
from weakref import WeakKeyDictionary
class C: pass
c = C()
d = WeakKeyDictionary({c: 1.0})
? d[c]
! d[c] = 2.0
# ctypes
import ctypes
c = ctypes.c_double(1.0)
? c.value
! c.value = 2.0
# an item getter
from operator import itemgetter
c = {'k': 1.0}
g = itemgetter('k')
h = {}.__class__.get
? h(c, 'k')
! c['k'] = 2.0
# a memory view
from array import array
b = array('d', [1.0])
c = memoryview(b)
? c[0]
! b[0] = 2.0
# a mapping's view
from types import MappingProxyType
d = {'k': 1.0}
c = MappingProxyType(d)
? c['k']
! d['k'] = 2.0
# a dict's values
d = {'k': 1.0}
c = d.values()
? next(iter(c))
! d['k'] = 2.0
# a computed name
c = Some(kk=1.0)
n = 2
? getattr(c, 'k' * n)
! c.kk = 2.0
# a file
import io
t = io.BytesIO(b'1')
? float(t.getvalue())
! t.write(b'2')
# a warm cache
from functools import lru_cache
k = 1.0
@lru_cache
def g(): return k
? g()
! k = 2.0; g.cache_clear()
# objects far in
c = d = Some()
for i in range(3000):
    d.n = Some()
    d = d.n
d.k = 1.0
def g():
    e = c
    while hasattr(e, 'n'): e = e.n
    return e.k
? g()
! d.k = 2.0
# a set
c = {1}
? float(len(c))
! c.add(2)
# a deque
from collections import deque
c = deque([1.0])
? c[0]
! c[0] = 2.0
# an array.array
from array import array
c = array('d', [1])
? c[0]
! c[0] = 2
# a bytearray
c = bytearray(b'1')
? float(c)
! c[0] = 50
# a ChainMap
from collections import ChainMap
d = {'k': 1.0}
c = ChainMap(d)
? c['k']
! d['k'] = 2.0
# a defaultdict
from collections import defaultdict
c = defaultdict(float, k=1.0)
? c['k']
! c['k'] = 2.0
# an array
import numpy as np
c = np.ones(3)
? c[0]
! c[0] = 2.0
# an array of objects
import numpy as np
c = np.array([1.0, None])
? c[0]
! c[0] = 2.0
# an array's view
import numpy as np
b = np.ones(3)
c = b[::2]
? c[0]
! b[0] = 2.0
# a slot
class C: __slots__ = ('k',)
c = C()
c.k = 1.0
? c.k
! c.k = 2.0
# what hides a builtin
? abs(1.0)
! abs = lambda x: 2.0
""")
FORMS: dict[str, tuple[str, Any, Callable[[Any, Any], Any]]] = {
    "value": ("x * ({})", None, lambda f, x: f(x)),
    "gradient": ("x * x * ({})", None, lambda f, x: f.grad(x)),
    "branch": ("x if ({}) < 1.5 else x * x", None, lambda f, x: f(x)),
    "lanes": (
        "x * ({}) if x > 0.0 else x",
        (0,),
        lambda f, x: f(np.array([x, -x, x, 2.0 * x])),
    ),
}


def outcome(world: World, form: str) -> str:
    """How a change is found: "seen" at once, or "told" by a later call; else "silent"."""
    setup, number, change = world
    source, in_axes, call = FORMS[form]
    space: dict[str, Any] = {"__name__": "a_world", "Some": Some}
    exec(f"{setup}\ndef f(x): return {source.format(number)}", space)
    fast, eager = compile(space["f"], in_axes), Eager(space["f"])

    def right(x: float) -> bool:
        return np.array_equal(call(fast, x), call(eager, x))

    if not all(right(2.0) for _ in range(3)):
        return "wrong at first"
    exec(change, space)
    try:
        if right(3.0) and right(4.0):
            return "seen"
        for _ in range(3_000_000):  # a check takes its time off those between
            call(fast, 3.0)
    except ValueError:
        return "told"
    return "silent"


class Eager:
    """The same methods without a program."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def __call__(self, x: Any) -> Any:
        found = [self.f(Value(each)) for each in np.atleast_1d(x).tolist()]
        numbers = [y.data if type(y) is Value else y for y in found]
        return np.array(numbers) if isinstance(x, np.ndarray) else numbers[0]

    def grad(self, x: float) -> float:
        leaf = Value(x)
        self.f(leaf).backward()
        return leaf.grad
