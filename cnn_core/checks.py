"""Argument checks and their messages, each written once.

Errors      A wrong kind of argument is a BadType (a TypeError), a wrong value or shape a BadValue (a ValueError). They
            are raised before anything has changed.
Messages    Each says what was wrong, what was given, what is allowed and what to do. The checks leave out the name of
            the function: `public`, the decorator of public functions and methods, puts it in front.
Arrays      Arrays come back as plain ndarrays of native float32 or float64. One that is such an array is returned as it
            is, and none is ever written to. A masked array is taken where none of its entries is masked.
Callers     Public functions and layers only; internal helpers assume valid arguments.
"""

import difflib
import functools
import inspect
import math
import numbers
import operator

import numpy as np

PADDING_NAMES = ("same", "valid", "include")
FLOATS = (np.dtype("float32"), np.dtype("float64"))
FLOAT_NAMES = {key: each.name for each in FLOATS for key in (each, each.type, each.name, each.str, each.str[1:])}
FLOAT_NAMES |= {float: "float64", "float": "float64"}
IMAGES, FILTERS = "(N, C, H, W)", "(K, C, kH, kW)"
LARGEST = 1 << 31  # bytes that one call may make: more would end in a dead kernel, not in an error
SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}  # the limits of a number, named as in the operator module
FEWER = "Give fewer at a time, or smaller ones."
LONGEST = 200  # characters of a value in a message
PART = 1 << 20  # entries that are checked at a time


class Unnamed(Exception):
    """An error of a check, without the name of the function that was called."""


class BadType(Unnamed, TypeError):
    """A wrong kind of argument."""


class BadValue(Unnamed, ValueError):
    """A wrong value or shape."""


def public(function, name=None, computes=True):
    """Return the function, with its name in front of the messages of the checks inside it; a method names its class.

    The error that the user sees is a plain TypeError or ValueError. The innermost public function names itself, so an
    error in a user-defined function, layer or loss keeps its own name.
    """
    is_method = "." in function.__qualname__.rpartition("<locals>.")[2]
    # A probability of 1e-400 is 0, also for a caller who makes NumPy raise.
    compute = np.errstate(under="ignore")(function) if computes else function

    @functools.wraps(function)
    def checked(*args, **kwargs):
        try:
            return compute(*args, **kwargs)
        except Unnamed as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            prefix = name or (type(args[0]) if is_method else function).__name__
            raise kind(f"{prefix}: {error}") from error.__cause__

    return checked


def public_as(name):
    """Return `public` for a function that goes by another name, such as 'Model.load'."""
    return lambda function: public(function, name)


class Named:
    """A class whose methods begin the messages of their checks with its `name`; so do those of its subclasses."""

    def __init_subclass__(cls):
        cls.name = cls.__name__
        checked = ("__init__", "__call__", "__post_init__", "__setattr__")
        exempt = ("apply", "gradients", "update")  # pure functions, called often, with valid arguments
        for key, value in list(vars(cls).items()):
            if inspect.isfunction(value) and (key in checked or (key[0] != "_" and key not in exempt)):
                setattr(cls, key, public(value, computes=key in ("forward", "backward", "step", "__call__")))

    def __repr__(self):
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in arguments_of(self).items())})"


class Fixed:
    """A class of which the settings cannot be assigned again; `rng` may be, by a Generator."""

    def __setattr__(self, key, value):
        if key in _settings(type(self)) and hasattr(self, key):
            raise AttributeError(f"{type(self).__name__}: {key} cannot be changed; make a new {type(self).__name__}.")
        if key == "rng":
            generator(value)
        super().__setattr__(key, value)


@functools.lru_cache(maxsize=256)
def _settings(cls):
    """Return the arguments of all classes of the library that cls is made from, and what follows from them."""
    own = [inspect.signature(each).parameters for each in cls.__mro__ if each.__module__.startswith("cnn_core.")]
    return {"forward", "backward", "input_shape", "dtype", "shapes"}.union(*own)


def shown(value):
    """Return a value as a message shows it: an array by its shape, anything else by its repr, cut where it is long."""
    if isinstance(value, np.ndarray) and value.size > 4:
        return f"an array of {value.dtype} with shape {value.shape}"
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out an integer of thousands of digits
        text = f"a huge {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def require(condition, message, kind=BadValue):
    """Raise an error with this message unless the condition holds."""
    if not condition:
        raise kind(message)


def expect(condition, message, value, kind=BadValue):
    """Raise an error with this message and the value unless the condition holds: "message, got value."."""
    if not condition:
        raise kind(f"{message}, got {shown(value)}.")


def fits(what, numbers, dtype, advice):
    """Refuse to allocate so many numbers that they would take more than LARGEST bytes."""
    size = numbers * np.dtype(dtype).itemsize
    if size > LARGEST:
        wanted = size if size < 10**30 else "more than 10^30"
        raise BadValue(f"{what} would take {wanted} bytes; the most is {LARGEST}. {advice}")


def is_integer(value):
    """Return whether value is an integer of Python or NumPy; a bool does not count."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def integer(name, value, minimum=1):
    """Return value as an int, at least `minimum`."""
    wanted = "a positive integer" if minimum == 1 else f"an integer of at least {minimum}"
    expect(is_integer(value), f"{name} must be {wanted}", value, BadType)
    expect(value >= minimum, f"{name} must be {wanted}", value)
    return int(value)


def workers(value):
    """Return value: None (all cores) or a positive integer."""
    return None if value is None else integer("workers", value)


def pair(name, value, minimum=1):
    """Return an integer or a pair (rows, columns) as a tuple of two ints, each at least `minimum`."""
    message = f"{name} must be {'a positive integer' if minimum else 'an integer of at least 0'} or a pair of them"
    is_pair = isinstance(value, (tuple, list)) or (isinstance(value, np.ndarray) and value.ndim == 1)
    items = tuple(value) if is_pair else (value, value)
    expect(all(map(is_integer, items)), message, value, BadType)
    expect(len(items) == 2 and min(items) >= minimum, message, value)
    return int(items[0]), int(items[1])


def padding(value):
    """Return padding as a pair of ints, or as one of the three names."""
    if isinstance(value, str):
        return choice("padding", value, PADDING_NAMES, ", or give an integer or a pair (rows, columns)")
    return pair("padding", value, minimum=0)


def choice(name, value, choices, otherwise=""):
    """Return value if it is one of the names in `choices`; the message ends with what may be given otherwise."""
    *first, last = map(repr, choices)
    listed = f"{', '.join(first)} or {last}" if first else last
    expect(isinstance(value, str), f"{name} must be one of {listed}", value, BadType)
    if value not in choices:
        close = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise BadValue(f"unknown {name} {shown(value)}. Choose {listed}{hint}{otherwise}.")
    return value


def number(name, value, **limits):
    """Return value as a finite float within the limits, such as ge=0, lt=1 for >= 0 and < 1."""
    allowed = " and ".join(f"{SIGNS[key]} {limit:g}" for key, limit in limits.items())
    wanted = f"{name} must be a finite number {allowed}".rstrip()
    expect(isinstance(value, numbers.Real) and not isinstance(value, bool), wanted, value, BadType)
    try:
        number = float(value)
    except OverflowError:  # an integer larger than any float
        number = math.inf
    is_within = all(getattr(operator, key)(number, limit) for key, limit in limits.items())
    expect(math.isfinite(number) and is_within, wanted, value)
    return number


def boolean(name, value):
    """Return value if it is True or False."""
    expect(isinstance(value, (bool, np.bool_)), f"{name} must be True or False", value, BadType)
    return bool(value)


def float_type(value):
    """Return 'float32' or 'float64', given as a name, a type or a NumPy dtype."""
    try:
        return FLOAT_NAMES[value]  # looked up, not handed to NumPy, which evaluates some texts and warns of others
    except (KeyError, TypeError):
        raise BadValue(f"dtype must be 'float32' or 'float64', got {shown(value)}.") from None


def model(value):
    """Refuse an object that cannot be used as a Model."""
    is_model = all(hasattr(value, name) for name in ("forward", "backward", "predict", "parameters"))
    require(is_model, f"model must be a Model, got {type(value).__name__}.", BadType)


def loss(value):
    """Refuse an object that cannot be called as a loss."""
    is_loss = callable(value) and not isinstance(value, type)
    expect(is_loss, "loss must be a loss such as CrossEntropy()", value, BadType)


def generator(value):
    """Refuse an object that is not a numpy.random.Generator."""
    expect(isinstance(value, np.random.Generator), "rng must be a numpy.random.Generator", value, BadType)


def shape(name, value):
    """Return value as a tuple of positive ints: the shape of one example, without N."""
    is_sequence = hasattr(value, "__iter__") and not isinstance(value, (str, bytes))
    expect(is_sequence, f"{name} must be a tuple of positive integers such as (1, 28, 28)", value, BadType)
    items = tuple(integer(f"each entry of {name}", each) for each in value)
    expect(items, f"{name} must have at least one entry, such as (784,) or (1, 28, 28)", items)
    return items


def arguments_of(thing):
    """Return {name: value} of the arguments that `thing` was made with and keeps under their names, as ours do."""
    names = inspect.signature(type(thing)).parameters
    return {name: getattr(thing, name) for name in names if hasattr(thing, name)}


def as_float(name, value, dtype=None):
    """Return value as a native float array: float32 and float64 stay (or become `dtype`), integers become float64."""
    array = real_array(name, value)
    if array.dtype == dtype or (dtype is None and array.dtype in FLOATS):
        return array
    native = array.dtype.newbyteorder("=")
    wanted = np.dtype(dtype or (native if native in FLOATS else np.float64))
    fits(f"{name} as {wanted.name}", array.size, wanted, "Give fewer examples at a time.")
    with np.errstate(over="ignore"):  # beyond float32's range: infinite, and refused where it matters
        return array.astype(wanted)


def real_array(name, value):
    """Return value as an array of real numbers, of any dtype."""
    array = as_array(name, value)
    if array.dtype.kind not in "fiub":  # the name of a dtype takes long to write
        kind = f"dtype {array.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise BadType(f"{name} must be an array of real numbers, got {kind}.")
    return array


def as_array(name, value):
    """Return value as a plain ndarray of any kind, never a subclass such as a matrix. Masked entries are refused."""
    if type(value) is np.ndarray:
        return value
    try:
        array = np.ma.masked if _has_masked(value) else np.asanyarray(value)  # an object may give a masked array too
    except (ValueError, RecursionError) as error:  # rows of different lengths
        raise BadValue(f"{name} must be an array of real numbers, got rows of different lengths.") from error
    require(not np.ma.is_masked(array), f"{name} has masked entries. Leave them out, or replace them with filled(0).")
    return np.asarray(array)


def _has_masked(value):
    if isinstance(value, (list, tuple)):  # NumPy drops the masks of arrays in a list
        return not {int, float}.issuperset(map(type, value)) and any(map(_has_masked, value))
    return isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)


def floats(**arrays):
    """Return the arrays (name=(value, axes)) as floats of one dtype, each with as many dimensions as its axes name."""
    found = [as_float(name, value) for name, (value, _) in arrays.items()]
    for array, (name, (_, axes)) in zip(found, arrays.items(), strict=True):
        dimensions(name, array, axes)
    dtype = np.result_type(*found)
    return [array.astype(dtype, copy=False) for array in found]


def dimensions(name, array, axes):
    """Refuse an array whose number of dimensions is not that of `axes`, such as '(N, C, H, W)'."""
    wanted = len(axes.strip("(),").split(","))
    if array.ndim != wanted:
        one_example = axes.startswith("(N") and array.ndim == wanted - 1
        hint = f" For one example, add the batch axis: {name}[None]." if one_example else ""
        raise BadValue(f"{name} must have {wanted} dimensions {axes}, got {array.ndim} with shape {array.shape}.{hint}")


def same_shape(name, array, wanted, axes=""):
    """Return the array, if it has the shape `wanted`."""
    if array.shape != tuple(wanted):
        raise BadValue(f"{name} has shape {array.shape}, expected {tuple(wanted)}{' ' * bool(axes)}{axes}.")
    return array


def batch(X, input_shape):
    """Refuse X unless it holds N examples of input_shape; the message says when the channels came last."""
    if X.shape[1:] == tuple(input_shape):
        return
    if X.ndim == 3 and X.shape != tuple(input_shape) == (1, *X.shape[1:]):  # images (N, H, W)
        raise BadValue(f"X must have 4 dimensions {IMAGES}, got 3 with shape {X.shape}. Add the channel: X[:, None].")
    if len(input_shape) == 3:
        dimensions("X", X, IMAGES)
        channels(X, input_shape[0])
    sizes, hint = ", ".join(map(str, input_shape)), ""
    if X.shape == tuple(input_shape):
        hint = " For one example, add the batch axis: X[None]."
    elif X.ndim > 1 and math.prod(X.shape[1:]) == math.prod(input_shape):
        hint = f" Reshape it with X.reshape(-1, {sizes})."
    raise BadValue(f"X has shape {X.shape}, expected (N, {sizes}).{hint}")


def channels(X, wanted):
    """Refuse images X (N, C, H, W) whose C is not `wanted`."""
    if X.shape[1] != wanted:
        is_last = X.shape[1] > wanted == X.shape[3]
        hint = " If your images are channels-last, use X.transpose(0, 3, 1, 2)." if is_last else ""
        given = f"{X.shape[1]} (shape {X.shape}, expected {IMAGES})"
        raise BadValue(f"expected {wanted} channel{'s' * (wanted != 1)} on axis 1, got {given}.{hint}")


def not_empty(name, array):
    """Refuse an array without entries."""
    require(array.size, f"{name} is empty (shape {array.shape}); at least one example is needed.")


def finite(name, array):
    """Return the array, without nan and infinity in it; the message says how many there are and where the first is."""
    # In parts, in the order of the indices: one bool for every entry could be too large.
    parts = np.nditer(array, ["external_loop", "buffered", "zerosize_ok"], order="C", buffersize=PART)
    masks = ((parts.iterindex, ~np.isfinite(part)) for part in parts)
    wrong = [(int(mask.sum()), start + int(mask.argmax())) for start, mask in masks if mask.any()]
    if wrong:
        counts, (first, *_) = zip(*wrong, strict=True)
        values = "1 value that is" if sum(counts) == 1 else f"{sum(counts)} values that are"
        index = tuple(map(int, np.unravel_index(first, array.shape)))
        raise BadValue(f"{name} contains {values} not finite (nan or infinity), the first at index {index}.")
    return array


def labels(value, count, classes):
    """Return integer labels (N,), or one-hot rows (N, classes), as int64 (N,), each in 0..classes-1."""
    array = as_array("labels", value)
    hint = " Use y.ravel()." if array.size == count else ""
    array = _from_one_hot(array, classes, hint) if array.ndim == 2 else array
    require(array.ndim == 1, f"labels must have shape (N,) or be one-hot (N, {classes}), got {array.shape}.{hint}")
    require(len(array) == count, f"got {len(array)} labels for {count} examples.")
    if array.dtype.kind not in "iu":
        raise BadType(f"labels must be integers, got dtype {array.dtype}. Use labels.astype(int).")
    wrong = (array < 0) | (array >= classes)
    if wrong.any():
        at = int(wrong.argmax())
        raise BadValue(f"label {array[at]} at index {at}; labels must be 0..{classes - 1} for {classes} outputs.")
    return array.astype(np.int64, copy=False)


def is_one_hot(array):
    """Return whether every row of `array` (N, classes) is zeros and a single one."""
    return bool(np.all(array.max(axis=1) == 1) and np.all(np.count_nonzero(array, axis=1) == 1))


def _from_one_hot(array, classes, hint):
    require(array.dtype.kind in "fiub", f"labels must be integers, got dtype {array.dtype}.", BadType)
    rule = f"must be one-hot with {classes} columns: zeros and a single one a row.{hint}"
    require(array.shape[1] == classes and is_one_hot(array), f"labels of shape {array.shape} {rule}")
    return array.argmax(axis=1)
