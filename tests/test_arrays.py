"""NumPy's functions on arrays of Values: the right value and derivative.

What the others say is in `tests/bad_input/arrays.py`.
"""

import copy
import math
import pickle
import statistics
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from scipy import optimize, special

import autograd
from autograd import Value, array, grad, jacobian, value_and_jacobian
from autograd.value_array import ValueArray
from tests.bad_input.arrays import TOLD

X = np.array([0.31, 0.72, 0.47, 0.9])
M = np.array([[2.0, 0.5, 0.25], [0.3, 1.5, 0.1], [0.2, 0.4, 1.75]])
T = np.array([0.15, 0.2, 0.35, 0.6])
U = np.array([2.0, 1.0, 3.0, 2.0])
RADIAN = math.pi / 180.0
W = np.arange(12.0).reshape(3, 4)

# Of x of shape (4,) and m of shape (3, 3), beside plain arrays t, u and w.
RIGHT = """
np.abs(x) | np.absolute(x) | np.fabs(x) | np.sign(x) | np.sqrt(x) | np.cbrt(x) | np.square(x)
np.reciprocal(x) | np.exp(x) | np.exp2(x) | np.expm1(x) | np.log(x) | np.log2(x) | np.log10(x)
np.log1p(x) | np.sin(x) | np.cos(x) | np.tan(x) | np.arcsin(x) | np.arccos(x) | np.arctan(x)
np.sinh(x) | np.cosh(x) | np.tanh(x) | np.arcsinh(x) | np.arccosh(x+1) | np.arctanh(x)
np.arctan2(x,t) | np.arctan2(t,x) | np.hypot(x,t) | np.deg2rad(x) | np.rad2deg(x)
np.degrees(x) | np.radians(x) | np.sinc(x) | np.floor(x*4) | np.ceil(x*4) | np.trunc(x*4-2)
np.rint(x*4) | np.rint(x-2) | np.round(x,1) | np.round(x*100,-1) | np.around(x*0+1.5)
np.modf(x*4)[0] | np.modf(-x)[1] | np.mod(x,0.4) | np.remainder(x,0.7)
np.fmod(x-0.6,0.4) | np.floor_divide(x,0.4) | np.divmod(x,0.4)[1] | np.add(x,t)
np.subtract(x,t) | np.multiply(x,t) | np.divide(x,t) | np.true_divide(t,x) | np.power(x,2)
np.pow(2.0,x) | np.float_power(x,2) | np.power(2.0,x) | np.negative(x) | np.positive(x)
np.conj(x) | np.conjugate(x) | np.real(x) | np.imag(x) | x.real | x.imag | np.copysign(x,t-0.3)
np.copysign(t,x-0.5) | np.maximum(x,0.5) | np.minimum(x,0.5) | np.fmax(x,0.5) | np.fmin(x,0.5)
np.fmax(x,math.nan) | np.fmin(math.nan,x) | np.clip(x,0.4,0.8) | np.clip(x,None,0.8)
x.clip(0.4,0.8) | x.clip(min=0.4) | np.heaviside(x-0.5,0.5) | np.logaddexp(x,t)
np.logaddexp2(x,t) | np.ldexp(x,-2) | np.nan_to_num(x) | np.acos(x) | np.acosh(x+1) | np.asin(x)
np.asinh(x) | np.atan(x) | np.atan2(x,t) | np.atanh(x)
np.sum(x) | x.sum() | np.sum(m,axis=0) | np.sum(m,axis=1,keepdims=True) | np.prod(x)
np.prod(m,axis=0) | np.mean(x) | np.mean(m,axis=1) | np.average(x) | np.average(x,weights=t)
np.std(x) | np.var(x) | np.var(x,ddof=1) | np.std(m,axis=0) | np.median(x) | np.max(x)
np.min(x)
np.amax(m,axis=0) | np.amin(m,axis=1) | np.max(m,axis=(0,1)) | np.max(m,axis=1,keepdims=True)
np.ptp(x) | np.cumsum(x) | np.cumprod(x) | np.cumsum(m,axis=1) | np.cumulative_sum(x)
np.cumulative_prod(x) | np.nansum(x) | np.nanmean(x) | np.nanmax(x) | np.nanmin(x)
np.nanstd(x)
np.nanvar(x) | np.nanmedian(x) | np.nanprod(x) | np.nancumsum(x) | np.nancumprod(x)
np.percentile(x,30) | np.percentile(x,[25]) | np.quantile(x,0.3) | np.quantile(m,0.5,axis=0)
np.quantile(m,[0.1,1.0],axis=1) | np.nanpercentile(x,30) | np.nanquantile(x,0.2)
np.diff(x) | np.diff(x,n=2) | np.ediff1d(x) | np.gradient(x) | np.gradient(x,0.1)
np.gradient(t,x) | np.gradient(x,t) | np.gradient(x,t,edge_order=2) | np.gradient(m)[1]
np.gradient(m,axis=0) | np.gradient(m,2.0,[0.0,1.0,3.0])[1] | np.trapezoid(x,t)
np.trapezoid(x) | np.cov(m)
np.interp(0.25,t,x) | np.interp(x,t,u) | np.interp(t,np.sort(x),u) | np.interp([0.0,2.0],t,x)
np.interp([0.0,2.0,0.6],t,x,left=1.0,right=x[0]) | np.cov(x,rowvar=False) | np.cov(x,t)
np.cov(m,rowvar=False,bias=True) | np.cov(m,m,False) | np.corrcoef(x,t) | np.corrcoef(m)
np.corrcoef(x) | np.correlate(x,t) | np.convolve(x,t) | np.convolve(x,t,'same')
np.dot(x,t) | np.dot(m,x[:3]) | x.dot(t) | x@t | m@m | w@x | np.matmul(m,x[:3]) | np.inner(x,t)
np.outer(x,t) | np.vdot(x,t) | np.tensordot(m,m,1) | np.einsum('i,i',x,t) | np.kron(x,t)
np.einsum('ij,j->i',m,x[:3]) | np.einsum('ij,jk->ik',m,m) | np.cross(x[:3],t[:3]) | np.trace(m)
m.trace() | np.linalg.det(m) | np.linalg.inv(m) | np.linalg.solve(m,x[:3]) | np.linalg.norm(x)
np.linalg.norm(m) | np.linalg.slogdet(m)[1] | np.linalg.cholesky(m@m.T) | np.vecdot(x,t)
np.linalg.matrix_power(m,3) | np.linalg.multi_dot([m,m,m]) | np.matvec(m,x[:3])
np.vecmat(x[:3],m) | np.linalg.vector_norm(x) | np.linalg.matrix_norm(m) | np.linalg.trace(m)
np.linalg.outer(x,t) | np.linalg.cross(x[:3],t[:3]) | np.linalg.diagonal(m)
np.linalg.matmul(m,m) | np.linalg.matrix_transpose(m) | np.linalg.tensordot(m,m)
np.linalg.vecdot(x,t) | np.concatenate([x,t]) | np.concat([x,t]) | np.stack([x,t])
np.stack([x[0],x[1]]) | np.vstack([x,t]) | np.hstack([x,t]) | np.dstack([x,t])
np.column_stack([x,t]) | np.append(x,[x[0]]) | np.insert(x,1,0.5) | np.delete(x,1)
np.reshape(x,(2,2)) | x.reshape(2,2) | np.ravel(m) | m.flatten() | np.transpose(m) | m.T
np.permute_dims(m) | np.matrix_transpose(m) | np.swapaxes(m,0,1) | np.moveaxis(m,0,1)
np.rollaxis(m,1) | np.expand_dims(x,0) | np.squeeze(x[None]) | np.tile(x,2) | np.repeat(x,2)
np.roll(x,1) | np.flip(x) | np.fliplr(m) | np.flipud(m) | np.rot90(m) | np.broadcast_to(x,(2,4))
np.broadcast_arrays(x,t)[0] | np.atleast_1d(x) | np.atleast_2d(x) | np.atleast_3d(x)
np.pad(x,1) | np.pad(x,1,mode='edge') | np.split(x,2)[0] | np.array_split(x,2)[0]
np.hsplit(m,[1])[0] | np.vsplit(m,[1])[1] | np.dsplit(m[:,:,None],1)[0] | np.unstack(m)[0]
np.diag(x) | np.diag(m) | np.diagflat(x) | np.diagonal(m) | np.triu(m) | np.tril(m)
np.take(x,[0,2]) | x.take([0,1]) | np.take_along_axis(x,np.array([0,1]),0)
np.choose([0,1,0,1],[x,t]) | np.select([x>0.5,x<=0.5],[x,x*2]) | np.where(x>0.5,x,0.0)
np.where(x>0.5,x,t) | np.where(x[0]>0.0,x[0],1.0) | np.extract(x>0.5,x)
np.piecewise(x,[x<0.5,x>=0.5],[lambda v:v**2,lambda v:v*3]) | np.compress([1,0,1,0],x)
np.sort(x) | np.sort(m,axis=0) | x[np.argsort(x)] | np.partition(x,2)
x[np.argpartition(x,2)][:3]
np.unique(x) | np.unique_values(x) | np.meshgrid(x,t)[0] | np.vander(x) | np.polyval([1.,2.],x)
np.polyval(x,2.0) | np.polyder(x) | np.polyint(x) | np.polyadd(x,t) | np.polysub(x,t)
np.polymul(x,t) | np.poly(x) | np.resize(x,6) | np.block([[m,m]])
np.apply_along_axis(np.sum,0,m) | np.apply_over_axes(np.sum,m,[0]) | np.union1d(x,t)
np.vectorize(lambda v:v*2)(x) | np.frompyfunc(lambda v:(v,v*2),1,2)(x)[1]
 np.array([x[0],1.0]) | np.array(x) | np.asarray(x) | np.copy(x)
x.copy() | np.zeros_like(x)+x | np.ones_like(x)*x | np.full_like(x,2.0)*x | np.setdiff1d(x,t)
np.intersect1d(x,x) | np.setxor1d(x,t) | np.linspace(x[0],x[1],3) | np.logspace(x[0],x[1],3)
np.unwrap(x) | np.angle(x) | np.real_if_close(x) | np.trim_zeros(x) | np.r_[x,t] | np.c_[x,t]
np.fft.fftshift(x) | np.fft.ifftshift(x) | np.sum(x,where=x>0.5) | np.max(x,initial=0.5)
np.prod(x,where=x>0.5) | np.max(x,where=x>0.4,initial=0.0) | np.mean(x,where=x>0.5)
np.add.reduce(x) | np.multiply.outer(x,t) | np.maximum.reduce(x) | np.maximum.accumulate(x)
np.logaddexp.reduce(x) | np.add.accumulate(x) | np.minimum.outer(x,t) | x.max() | x.min()
x.mean() | x.std() | x.var() | x.prod() | x.cumsum() | x.cumprod() | x.round(1) | x.repeat(2)
x.ravel() | x.conj() | x[x>0.5] | x[::2] | x[-1] | x[[0,2]] | x**t | 2**x | x%0.4 | x//0.4 | -x
abs(x) | sum(x) | max(x) | min(x) | sorted(x) | np.exp(-x**2/2)/np.sqrt(2*np.pi) | x.tolist()
1/(1+np.exp(-x)) | np.log(np.sum(np.exp(x-np.max(x)))) | (x-x.mean())/x.std() | np.eye(4)*x
np.linalg.norm(w@x-t[:3]) | np.log(np.maximum(x,0.5)) | np.log(np.maximum(x[0]*t,0.1))
np.log(np.where(x>0.5,x,1.0)) | np.exp(np.concatenate([x,[1.0]])) | np.mean(np.abs(x-t))
np.isclose(x,t) | np.allclose(x,x) | np.array_equal(x,t) | np.array_equiv(x,x) | np.isnan(x)
np.isfinite(x) | np.isinf(x) | np.isneginf(x) | np.isposinf(x) | np.any(x>0.5) | np.all(x>0.5)
np.argmax(x) | np.argmin(x) | np.nanargmax(x) | np.nanargmin(x) | np.argsort(x)
np.count_nonzero(x) | np.nonzero(x)[0] | np.flatnonzero(x) | np.argwhere(x) | np.lexsort((x,))
np.digitize(x,t) | np.searchsorted(np.sort(x),0.5) | np.logical_and(x>0.4,x<0.5)
np.logical_or(x,x) | np.logical_xor(x>0.5,True) | np.logical_not(-x) | np.signbit(-x)
np.signbit((x-0.5)*0.0) | np.isreal(x) | np.iscomplex(x) | np.isrealobj(x) | np.iscomplexobj(x)
np.ndim(x) | np.shape(x) | np.size(x) | np.isin(x,t) | np.equal(x,t) | np.not_equal(x,t)
np.less(x,t) | np.less_equal(t,x) | np.greater(x,t) | np.greater_equal(x,0.5)
np.less(0.5,x[0]) | np.isclose(x[0],x[1]) | np.allclose(x[0],0.3) | np.isscalar(x[0])
np.less(np.squeeze(x[:1]),np.squeeze(x[1:2])) | np.equal(np.squeeze(x[:1]),x[0])
np.tril_indices_from(m)[0] | np.triu_indices_from(m)[0] | np.diag_indices_from(m)[0]
np.unique_counts(x)[1] | np.unique_inverse(x)[1] | np.unique_all(x)[1] | np.ix_(x)[0]
np.empty_like(x,int)*0 | np.empty_like(x[0]).ndim | np.divmod(x,0.4,out=(x*0,x*0))[1]
np.shares_memory(x,t) | np.may_share_memory(x,t) | np.einsum_path('i,i',x,t)[0][1]
"""
EXPRESSIONS = [each.strip() for each in RIGHT.replace("\n", " | ").split(" | ") if each.strip()]

OTHER = {  # that answer with no number, or act on an array in place
    "fix",  # deprecated
    *("array_repr", "array2string", "array_str", "can_cast", "common_type"),
    *("result_type", "min_scalar_type", "fill_diagonal", "put", "place", "putmask", "copyto"),
    *("put_along_axis", "busday_count", "busday_offset", "is_busday", "datetime_as_string"),
}
NAMES = {"np": np, "math": math, "t": T, "u": U, "w": W}


def function(expression: str) -> Callable[..., Any]:
    return eval(f"lambda x, m: {expression}", dict(NAMES))  # type: ignore[no-any-return]


def slopes(f: Callable[..., Any]) -> Any:
    """The Jacobian of f in x and m side by side, by five points a number."""
    h = 2.0**-12
    both = np.concatenate([X, M.ravel()])
    columns = []
    for unit in np.eye(len(both)) * h:
        moved = [both + k * unit for k in (1.0, -1.0, 2.0, -2.0)]
        a, b, c, d = [np.asarray(f(z[:4], z[4:].reshape(3, 3)), float) for z in moved]
        columns.append((8.0 * (a - b) - (c - d)) / (12.0 * h))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_has_numpys_value_and_its_derivatives(
    expression: str,
) -> None:
    f = function(expression)
    wanted = np.asarray(f(X.copy(), M.copy()))
    result = f(array(X), array(M))
    if wanted.dtype.kind in "biu":
        assert np.array_equal(np.asarray(result), wanted)
        return
    value, blocks = value_and_jacobian(f, argnums=(0, 1))(X.copy(), M.copy())
    assert np.asarray(value) == pytest.approx(wanted, rel=1e-13)
    shape = np.shape(value)
    rows = [np.asarray(block, float).reshape(*shape, -1) for block in blocks]
    assert np.concatenate(rows, axis=-1) == pytest.approx(slopes(f), rel=1e-7, abs=1e-7)
    if isinstance(result, np.ndarray) and type(result) is ValueArray:
        assert {type(each) for each in result.flat} == {Value}


def test_no_function_of_numpy_is_left_out() -> None:
    known = f"{RIGHT} {TOLD}"
    for module, prefix in ((np, "np."), (np.linalg, "np.linalg."), (np.fft, "np.fft.")):
        for name in dir(module):
            found = getattr(module, name)
            if isinstance(found, np.ufunc) or hasattr(found, "_implementation"):
                assert f"{prefix}{name}(" in known or name in OTHER, name


def test_a_program_computes_expressions_at_other_numbers() -> None:
    """Where constants win, rows are exchanged and intervals change, too."""
    rows = [
        "np.log(np.maximum(x,0.5))",
        "np.clip(x,0.4,0.8)",
        "np.exp(np.concatenate([x,[1.0]]))",
        "np.where(x>0.5,x*x,0.0)",
        "np.stack([x[0],x[1]*2])",
        "np.interp(x,t,u)",
        "np.round(x*3)",
        "np.gradient(x*x)",
        "np.percentile(x,30)",
        "np.cov(x,t)",
        "np.linalg.solve(m,x[:3])",
        "np.linalg.det(m)",
        "np.linalg.slogdet(m)[1]",
        "np.linalg.cholesky(m@m.T)",
        "np.linalg.norm(x)",
    ]
    f = function(f"[{', '.join([f'np.sum({row})' for row in rows])}]")
    fast = autograd.compile(f)
    for x, m in [(X, M), (X[::-1].copy(), M[::-1].copy()), (X * 1.5, M.T.copy())]:
        assert fast(x, m) == pytest.approx(f(x, m), rel=1e-12)
        for got, wanted in zip(fast.jacobian(x, m), jacobian(f)(x, m)):
            assert got == pytest.approx(wanted, rel=1e-11, abs=1e-13)


def test_an_array_of_values_is_made_of_whatever_holds_numbers() -> None:
    v = Value(3.0)
    for given in (
        [[1, 2.0], [v, True]],
        ((1.0, 2.0), np.array([v, 1])),
        array([[1.0, 2], [v, 1]]),
    ):
        found = array(given)
        assert (type(found), found.shape, found[1, 0]) == (ValueArray, (2, 2), v)
        assert found[1, 0] is v
        assert {type(each) for each in found.flat} == {Value}
    assert array(2.0)[()].data == 2.0
    assert array([1.0, v]).data.tolist() == [1.0, 3.0]
    assert array([]).shape == (0,)


def test_what_is_put_into_an_array_of_values_is_one() -> None:
    x = array([1.0, 2.0, 3.0])
    x[0] = 5.0
    x[1:] = [v := Value(6.0), 7]
    x += 1.0
    x -= np.ones(3)
    assert [each.data for each in x] == [5.0, 6.0, 7.0]
    assert {type(each) for each in x} == {Value}
    x.sum().backward()
    assert v.grad == 1.0
    plain = np.zeros(3, dtype=object)
    assert np.add(x, 1.0, out=plain) is plain
    assert np.isnan(x, out=np.ones(3, dtype=bool)).tolist() == [False] * 3


def test_a_step_is_written_for_a_whole_array_as_for_one_value() -> None:
    w = array([[1.0, 2.0], [3.0, 4.0]])
    (w @ [1.0, 2.0]).sum().backward()
    assert w.T.grad.tolist() == [[1.0, 1.0], [2.0, 2.0]]
    w.data -= 0.5 * w.grad
    assert w.data.tolist() == [[0.5, 1.0], [2.5, 3.0]]
    for wrong, error in (([1.0, 2.0, 3.0], ValueError), (Value(1.0), TypeError)):
        with pytest.raises(error):
            w.data = wrong
    w[0].data = 7.0
    assert w.data.tolist() == [[7.0, 7.0], [2.5, 3.0]]


def test_numbers_of_an_array_are_written_in_part() -> None:
    w = array([[1.0, 2.0], [3.0, 4.0]])
    w.grad = [[2.0, -3.0], [0.5, 0.0]]
    w.data[:] -= 0.5 * w.grad
    w.data[1] += 1.0
    assert w.data.tolist() == [[0.0, 3.5], [3.75, 5.0]]
    np.clip(w.grad, -1.0, 1.0, out=w.grad)
    w.grad[1][1] = 0.25
    assert w.grad.tolist() == [[1.0, -1.0], [0.5, 0.25]]
    copied = w.data[w.data > 3.6]
    copied[:] = 9.0
    with pytest.raises(ValueError):
        w.data.T[0] = 1.0
    assert w.data.tolist() == [[0.0, 3.5], [3.75, 5.0]]
    for product in (w.data * w, w * w.data):
        assert type(product) is type(w)
        assert product[0, 1].inputs == (w[0, 1],)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_an_array_of_values_is_copied_as_one(copied: Any) -> None:
    twin = copied(array([1.0, 2.0]))
    assert type(twin) is ValueArray
    assert [each.data for each in np.log(np.maximum(twin, 1.0))] == [0.0, math.log(2.0)]


def test_a_plain_array_of_objects_stays_one() -> None:
    x: Any = np.array([Value(1.0), 2.0], dtype=object)
    before = x.copy()
    for each in (x * 2.0, x + x, np.reshape(x, (2, 1))):
        assert type(each) is np.ndarray
    assert np.round(x[:1] * 0.75)[0].data == np.degrees(x[:1] * RADIAN)[0].data == 1.0
    assert type(np.maximum(x[0], np.array([1.0, 2.0]))) is ValueArray
    joined = np.concatenate([x, array(x)])
    assert {type(each) for each in joined} == {Value}
    assert all(old is new for old, new in zip(x, before))


def test_constants_among_the_values_leave_derivatives_floats() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.exp(np.concatenate([x * Value(2.0), [1.0]])))

    x = np.array([0.5, 1.0])
    value, slope = autograd.value_and_grad(f)(x)
    assert (type(value), slope.dtype) == (float, float)
    curve = autograd.hessian(f)(x)
    assert (curve.dtype, curve.tolist()) == (float, np.diag(4.0 * np.exp(2.0 * x)).tolist())
    w = Value(3.0)
    outer = grad(lambda x: x * x * w * Value(1.0))(2.0)  # which depends on w
    assert autograd.gradient(outer, w) == 4.0
    assert type(grad(lambda x: w.detach() * x * x)(2.0)) is float


def test_a_leaf_from_outside_is_seen_after_other_passes() -> None:
    w = Value(3.0)

    def f(x: Any) -> Any:
        (w * w).backward()
        autograd.gradient(w * x, w)
        return grad(lambda y: y * y * x * Value(2.0))(1.0) * x

    assert grad(f)(5.0) == 40.0
    assert type(grad(lambda x: f(x) * w)(5.0)) is Value
    assert grad(lambda x: grad(lambda y: f(y) * x)(5.0))(1.0) == 40.0


V = [Value(0.5), Value(0.75), Value(0.875)]
ARGUMENTS: list[list[Any]] = [
    *([V[0]], [V[0], 2.0], [V[0], 2], [V], [V, V], [V[0], 2.0, 3.0]),
    [[Value(1.0), Value(2.0)], 0.5],
]


def plain(x: Any) -> Any:
    return [*map(plain, x)] if isinstance(x, list) else x.data if type(x) is Value else x


def outcome(call: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a call gives, or the message of its TypeError."""
    try:
        return call(), ""
    except TypeError as error:
        return None, str(error)


@pytest.mark.parametrize("module", [math, statistics], ids=["math", "statistics"])
def test_each_function_works_or_says_what_to_write(module: Any) -> None:
    for name in dir(module):
        f = getattr(module, name)
        public = name in getattr(module, "__all__", [name]) and name[0] != "_"
        public &= not name.startswith("kde")  # they ask for floats by their type
        if not callable(f) or isinstance(f, type) or not public:
            continue
        tried = 0
        for args in ARGUMENTS:
            try:
                wanted = f(*plain(args))
            except (TypeError, ValueError):  # of other arguments, or outside its domain
                continue
            tried += 1
            code = f"{module.__name__}.{name}(*args)"
            got, told = outcome(lambda: eval(code, {module.__name__: module, "args": args}))  # noqa: B023
            assert "write " in told or (not told and plain(got) == wanted), (name, told)
        assert tried or name in WHOLE_NUMBERS, name


WHOLE_NUMBERS = (
    "acosh",
    "comb",
    "factorial",
    "gcd",
    "isqrt",
    "lcm",
    "perm",
)


def test_functions_of_scipy_work_or_say_what_to_write() -> None:
    for name in dir(special):
        f = getattr(special, name)
        if isinstance(f, np.ufunc) and f.nin < 4:
            xs = (np.array([0.3, -0.6 if name == "gamma" else 0.6]), 0.5, 0.5)[: f.nin]
            got, told = outcome(lambda: f(array(xs[0]), *xs[1:]).data)  # noqa: B023
            assert "autograd." in told or "np." in told or got == pytest.approx(f(*xs))


def test_a_foreign_function_that_is_differentiated_itself() -> None:
    """No frame of the user's stands between; the error stays what it is."""
    space: dict[str, Any] = {"__name__": "scipy.of_this_test"}
    exec("def f(x):\n    raise TypeError(\"Cannot cast from dtype('O')\")", space)
    with pytest.raises(TypeError) as raised:
        grad(space["f"])(1.0)
    assert not hasattr(raised.value, "__notes__")


def test_a_mistake_in_a_function_that_scipy_calls_is_its_own() -> None:
    number: Any = 3
    with pytest.raises(TypeError) as raised:
        grad(lambda x: optimize.minimize(lambda _: len(number), 0.0).fun * x)(1.0)
    assert not hasattr(raised.value, "__notes__")


def test_a_mistake_in_a_call_of_numpy_is_numpys() -> None:
    options: Any = {"axes": 1}
    with pytest.raises(TypeError, match="axes"):
        grad(lambda x: np.sum(x, **options))(np.ones(2))
