"""Chapter 05, fully connected: correct answers to its exercises, and mistakes with the feedback on them."""

import numpy as np

from cnn_core import dense_backward, dense_forward, sigmoid_forward
from cnn_exercises import chapter_05


def count(shape, nodes):
    return nodes * (int(np.prod(shape)) + 1)


def gradients(dC_dO, X, W):
    return dC_dO @ W.T, X.T @ dC_dO, dC_dO.sum(axis=0)


def changed(**replaced):
    """Return a function of gradients of which one is replaced by a wrong one."""

    def answer(dC_dO, X, W):
        right = dict(zip(("X", "W", "B"), dense_backward(dC_dO, X, W), strict=True))
        return tuple((right | {key: wrong(dC_dO, X, W) for key, wrong in replaced.items()}).values())

    return answer


def softplus_slopes(dC_dO, X):
    return dC_dO * sigmoid_forward(X)


def silent(X, W, B):
    return dense_forward(X, W, B) <= 0


def filters(W, shape):
    return W.T.reshape(-1, *shape)


def channels_last(W, shape):
    C, H, width = shape
    return W.T.reshape(-1, H, width, C).transpose(0, 3, 1, 2)


def filters_in_place(W, shape):
    F = filters(W, shape).copy()
    W[0] = 0
    return F


CHECKS = [
    (chapter_05.check_parameters, count, None),
    (chapter_05.check_parameters, lambda s, nodes: int(np.prod(s)) * nodes, "a bias too"),
    (chapter_05.check_parameters, lambda s, nodes: int(np.prod(s)) * nodes + 1, "not one for all"),
    (
        chapter_05.check_parameters,
        lambda s, nodes: count(s[1:], nodes) if s[0] > 1 else count(s, nodes),
        "all channels",
    ),
    (chapter_05.check_parameters, lambda s, nodes: int(np.prod(s)) * (nodes + 1), "not to an input"),
    (chapter_05.check_parameters, lambda s, nodes: int(np.prod(s)) + nodes, "not a sum"),
    (chapter_05.check_parameters, lambda s, nodes: 7, "one node first"),
    (chapter_05.check_parameters, lambda s, nodes: None, "end in a return"),
    (chapter_05.check_gradients, gradients, None),
    (chapter_05.check_gradients, lambda *given: None, "end in a return"),
    (chapter_05.check_gradients, lambda dC_dO, X, W: X.T @ dC_dO, "three things are asked for: dC_dX"),
    (chapter_05.check_gradients, lambda *given: gradients(*given)[::-1], "another order"),
    (chapter_05.check_gradients, changed(W=lambda dC_dO, X, W: dC_dO.T @ X), "dC/dW is transposed"),
    (chapter_05.check_gradients, changed(B=lambda dC_dO, X, W: dC_dO.sum(axis=1)), "add over the nodes"),
    (chapter_05.check_gradients, changed(B=lambda dC_dO, X, W: dC_dO), "a sum over them"),
    (chapter_05.check_gradients, changed(B=lambda dC_dO, X, W: dC_dO.sum()), "shape of what it belongs to"),
    (chapter_05.check_gradients, changed(B=lambda dC_dO, X, W: dC_dO.mean(axis=0)), "divided by the 3"),
    (chapter_05.check_gradients, changed(W=lambda dC_dO, X, W: X.T @ dC_dO / len(X)), "divided by the 3"),
    (chapter_05.check_gradients, changed(X=lambda dC_dO, X, W: -dC_dO @ W.T), "sign is turned"),
    (chapter_05.check_gradients, changed(X=lambda dC_dO, X, W: dC_dO @ W.T + 1), "dC/dX[0, 0] should be"),
    (chapter_05.check_gradients, changed(X=lambda dC_dO, X, W: dC_dO @ W), "raised ValueError"),
    (chapter_05.check_softplus, softplus_slopes, None),
    (chapter_05.check_softplus, lambda dC_dO, X: None, "end in a return"),
    (chapter_05.check_softplus, lambda dC_dO, X: sigmoid_forward(X), "the slope alone"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * np.log1p(np.exp(X)), "value of softplus"),
    (chapter_05.check_softplus, lambda d, X: d * sigmoid_forward(X) * (1 - sigmoid_forward(X)), "once too often"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO / (1 + np.exp(X)), "1 minus the slope"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO + sigmoid_forward(X), "not added"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * (X > 0), "not the slope's"),
    (chapter_05.check_softplus, lambda dC_dO, X: dC_dO * np.exp(X) / (1 + np.exp(X)), "overflows"),
    (chapter_05.check_softplus, lambda dC_dO, X: softplus_slopes(dC_dO, X).sum(axis=0), "shape of X"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=0).sum(), None),
    (chapter_05.check_dead, lambda *given: None, "end in a return"),
    (chapter_05.check_dead, lambda *given: silent(*given).any(axis=0).sum(), "for some example"),
    (chapter_05.check_dead, lambda *given: silent(*given).sum(), "single outputs"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=1).sum(), "the other one"),
    (chapter_05.check_dead, lambda *given: (~silent(*given)).any(axis=0).sum(), "that live"),
    (chapter_05.check_dead, lambda *given: silent(*given).all(axis=0), "one number, yours has shape (12,)"),
    (chapter_05.check_dead, lambda *given: 3, "never rise"),
    (chapter_05.check_filters, filters, None),
    (chapter_05.check_filters, lambda W, shape: None, "end in a return"),
    (chapter_05.check_filters, lambda W, shape: W.reshape(-1, *shape), "by columns"),
    (chapter_05.check_filters, channels_last, "channels last"),
    (chapter_05.check_filters, lambda W, shape: filters(W, shape)[:, :, ::-1, ::-1], "turned by 180"),
    (chapter_05.check_filters, lambda W, shape: filters(W, shape)[::-1], "in wrong places"),
    (chapter_05.check_filters, lambda W, shape: filters(W, shape) * 2, "not the weights"),
    (chapter_05.check_filters, lambda W, shape: W.T, "should have shape (5, 2, 3, 4)"),
    (chapter_05.check_filters, filters_in_place, "your function changes W, which"),
]
