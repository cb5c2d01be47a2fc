"""Model files and checkpoints: written whole or not at all, read without trust.

Format      .npz: the parameters under their keys ('0.F'), not compressed, and 'architecture', a JSON text as bytes.
            A checkpoint also has the optimiser's arrays ('first/0.F') and the state of the generator.
Trust       none: no pickle, layer names from a fixed dictionary, and every array's header compared with the
            architecture and with the size of its part of the file before any data is read.
Writing     under a temporary name in the same folder, flushed, then put in place with os.replace.
Story       notebooks/08_model.
"""

import errno
import itertools
import json
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import checks
from .activations import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh
from .convolution import Conv2D
from .fully_connected import Flatten, FullyConnected
from .model import Model, walk
from .optimisers import OPTIMISERS, SCHEDULES
from .pooling import Pool2D

VERSION = 1
LAYERS = {
    each.__name__: each for each in (Conv2D, Pool2D, FullyConnected, Flatten, ReLU, LeakyReLU, Sigmoid, Tanh, Softmax)
}
LARGEST_JSON = 1 << 20  # bytes
LARGEST_HEADER = 1 << 12  # bytes
LONGEST_MESSAGE = 500  # characters of what a file says of itself
# what reading a damaged or foreign file can raise, the system's own errors left out
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, TypeError, ValueError)
DAMAGE += (ArithmeticError, AttributeError, RuntimeError, SyntaxError, tokenize.TokenError, Warning)


def save_model(path, model):
    """Write a model to exactly `path`: an old file stays until the new one is whole."""
    architecture = {"kind": "model", "model": _describe_model("Model.save", model)}
    _write(path, architecture, _model_arrays("Model.save", model))


def load_model(path):
    """Return the model that save_model wrote to path."""
    with _opened("Model.load", path, "model") as archive:
        return _read_model(archive, *_planned_model(archive))


def save_checkpoint(path, model, optimiser):
    """Write all that is needed to go on training: model, optimiser, and the generator that shuffles.

    Saved between two epochs (when fit has yielded an Epoch), going on gives the same bits as never having stopped.

    Raises
    ------
    TypeError
        If the learning rate is a function of your own, or a layer a class of your own: a file cannot hold these.
    ValueError
        If a number is not finite, or the optimiser holds the state of another model.
    """
    where = "save_checkpoint"
    arrays = _model_arrays(where, model)
    _check_owner(where, model, optimiser, arrays)
    architecture = {
        "kind": "checkpoint",
        "model": _describe_model(where, model),
        "optimiser": _describe_optimiser(where, optimiser),
        "generator": model.rng.bit_generator.state,
    }
    for key, name in itertools.product(optimiser.state, optimiser.moments):
        arrays[f"{name}/{key}"] = _finite(where, f"{name}/{key}", optimiser.state[key][name])
    _write(path, architecture, arrays)


def load_checkpoint(path):
    """Return (model, optimiser) as they were when save_checkpoint was called.

    Raises
    ------
    FileNotFoundError, PermissionError
        From the system.
    ValueError
        If the file is damaged, or is anything but a checkpoint.
    """
    with _opened("load_checkpoint", path, "checkpoint") as archive:
        layers, shapes = _planned_model(archive)
        optimiser = _made_optimiser(archive.architecture["optimiser"])
        kept = dict.fromkeys(shapes, optimiser.moments) if optimiser.steps else {}
        moments = {f"{name}/{key}": shapes[key] for key, names in kept.items() for name in names}
        model = _read_model(archive, layers, shapes, moments)
        optimiser.state = {key: {name: archive.read(f"{name}/{key}") for name in names} for key, names in kept.items()}
        model.rng.bit_generator.state = archive.architecture["generator"]
        return model, optimiser


def _check_owner(where, model, optimiser, arrays):
    if not hasattr(optimiser, "learnt_another"):
        raise TypeError(f"{where}: optimiser must be an optimiser such as Adam(), got {checks.shown(optimiser)}.")
    kinds = {key: (array.shape, array.dtype) for key, array in arrays.items()}
    moments = [(key, moment) for key, kept in optimiser.state.items() for moment in kept.values()]
    foreign = optimiser.learnt_another(model) or (optimiser.state and optimiser.state.keys() != kinds.keys())
    if foreign or any((moment.shape, moment.dtype) != kinds[key] for key, moment in moments):
        raise ValueError(f"{where}: the {optimiser.name} holds the state of another model.")


def _describe(where, thing, choices):
    if choices.get(type(thing).__name__) is not type(thing):
        raise TypeError(f"{where}: {checks.shown(thing)} cannot be written to a file; what can: {', '.join(choices)}.")
    return {"name": type(thing).__name__, "arguments": checks.arguments_of(thing)}


def _describe_model(where, model):
    layers = [_describe(where, layer, LAYERS) for layer in model.layers]
    return {"layers": layers, "input_shape": model.input_shape, "seed": model.seed, "dtype": model.dtype}


def _describe_optimiser(where, optimiser):
    described = _describe(where, optimiser, OPTIMISERS)
    if callable(optimiser.learning_rate):
        described["arguments"]["learning_rate"] = _describe(where, optimiser.learning_rate, SCHEDULES)
    return described | {"steps": optimiser.steps}


def _made(described, choices, what):
    name = checks.choice("the file", what, described["name"], choices)
    return choices[name](**described["arguments"])


def _made_optimiser(described):
    arguments = dict(described["arguments"])
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = _made(arguments["learning_rate"], SCHEDULES, "schedule")
    optimiser = _made(described | {"arguments": arguments}, OPTIMISERS, "optimiser")
    optimiser.steps = checks.integer("the file", "steps", described["steps"], minimum=0)
    return optimiser


def _planned_model(archive):
    """Return the layers, not built yet, and the shape of every parameter: nothing large is allocated for these."""
    described = archive.architecture["model"]
    layers = [_made(layer, LAYERS, "layer") for layer in described["layers"]]
    walked = walk(layers, checks.shape("the file", "input_shape", described["input_shape"]))
    params = [layer.param_shapes(shape) for layer, shape in zip(layers, walked, strict=False)]
    return layers, {f"{index}.{key}": shape for index, shapes in enumerate(params) for key, shape in shapes.items()}


def _read_model(archive, layers, shapes, moments=None):
    described = archive.architecture["model"]
    archive.expect(shapes | (moments or {}), checks.float_type("the file", described["dtype"]))
    for key in shapes:
        index, name = key.split(".")
        layers[int(index)].params[name] = archive.read(key)
    return Model(layers, described["input_shape"], described["seed"], described["dtype"])


@contextmanager
def _opened(where, path, kind):
    """Open an archive of this kind; whatever is wrong in it becomes a ValueError that names the file."""
    with open(os.fspath(path), "rb") as file:
        try:
            size = os.fstat(file.fileno()).st_size
            _check_directory(file, size)
            archive = _Archive(zipfile.ZipFile(file), size)
            archive.check_kind(kind)
            yield archive
        except (*DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: an offset in it is nonsense
                raise
            raise ValueError(f"{where}: {str(path)!r} cannot be loaded: {_sentence(error)}") from error


def _check_directory(file, size):
    """Refuse a file that does not end as it is written here, or whose list of arrays is too long to be read unseen."""
    file.seek(max(size - 42, 0))
    end = file.read()[-42:]
    if end[-22:-18] != b"PK\5\6":
        raise ValueError("it is no .npz file, or was cut off.")
    if end[:4] == b"PK\6\7":
        raise ValueError("its directory is in the form for more than 4 GiB, which is never written here.")
    if struct.unpack("<L", end[-10:-6])[0] > LARGEST_JSON:
        raise ValueError(f"its directory is longer than {LARGEST_JSON} bytes.")


def _sentence(error):
    if isinstance(error, KeyError):
        return f"{error} is missing."
    text = f"{error or type(error).__name__}".rstrip(".")
    return f"{text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + ' ...'}."


class _Archive:
    """The arrays of an .npz file, each compared with what is expected before its data is read."""

    def __init__(self, file, size):
        self.file = file
        self.entries = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        if len(self.entries) != len(file.infolist()):
            raise ValueError("two arrays have the same name.")
        if sum(info.file_size for info in self.entries.values()) > size:
            raise ValueError("it promises more bytes than it holds.")
        if self.entries["architecture"].file_size > LARGEST_JSON:
            raise ValueError(f"its architecture is longer than {LARGEST_JSON} bytes.")
        text = self._read_checked("architecture", "|u1", None)
        self.architecture = json.loads(text.tobytes(), parse_constant=_no_constant)

    def check_kind(self, kind):
        """Refuse a newer format, and a checkpoint where a model is wanted (or the other way round)."""
        version = checks.integer("the file", "version", self.architecture["version"])
        if version > VERSION:
            raise ValueError(f"its format is number {version}, newer than this library, which reads up to {VERSION}.")
        if self.architecture["kind"] != kind:
            raise ValueError(f"it holds a {self.architecture['kind']}, not a {kind}.")

    def expect(self, shapes, dtype):
        """Refuse the file unless it holds exactly arrays of these shapes and this dtype."""
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.shapes = shapes
        given, wanted = self.entries.keys() - {"architecture"}, shapes.keys()
        if given != wanted:
            raise ValueError(f"arrays missing: {sorted(wanted - given)}, not expected: {sorted(given - wanted)}.")
        for name, shape in shapes.items():
            with self.file.open(self.entries[name]) as stream:
                self._check_header(stream, name, self.dtype, shape)

    def read(self, name):
        """Return one of the expected arrays; all its numbers are finite."""
        array = self._read_checked(name, self.dtype, self.shapes[name])
        return _finite("the file", name, array.astype(self.dtype.newbyteorder("=")))

    def _read_checked(self, name, dtype, shape):
        with self.file.open(self.entries[name]) as stream:
            shape = self._check_header(stream, name, np.dtype(dtype), shape)
            data = stream.read(self.entries[name].file_size)  # to its end, where zipfile compares the check sum
        return np.frombuffer(data, dtype).reshape(shape)

    def _check_header(self, stream, name, dtype, shape):
        info = self.entries[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name!r} is compressed; here arrays are stored as they are.")
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{name!r} has a header of a version that is never written here.")
        found = _read_header(stream)
        if found[2].hasobject:
            raise ValueError("it holds Python objects; such files can run code and are never loaded.")
        shape = found[0] if shape is None else shape
        size = stream.tell() + math.prod(shape) * dtype.itemsize
        if found != (shape, False, dtype) or info.file_size != size:
            raise ValueError(f"{name!r} should be {dtype} {shape} in {size} bytes, found {found} in {info.file_size}.")
        return shape


def _read_header(stream):
    with warnings.catch_warnings(action="error"):  # what NumPy only warns of was never written here
        return np.lib.format.read_array_header_1_0(stream, max_header_size=LARGEST_HEADER)


def _no_constant(name):
    raise ValueError(f"{name} stands in its text.")


def _model_arrays(where, model):
    if not isinstance(model, Model):
        raise TypeError(f"{where}: model must be a Model, got {type(model).__name__}.")
    return {key: _finite(where, key, param) for key, param, _ in model.parameters()}


def _finite(where, name, array):
    checks.finite(where, name, array)
    return array


def _write(path, architecture, arrays):
    text = json.dumps({"version": VERSION} | architecture, default=np.generic.item).encode()
    little = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    with _in_place_of(Path(path)) as file:
        np.savez(file, architecture=np.frombuffer(text, np.uint8), **little)


@contextmanager
def _in_place_of(path):
    """Open a temporary file in path's folder, and put it in path's place once it is whole and on the disk."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # what a save that was killed has left
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
