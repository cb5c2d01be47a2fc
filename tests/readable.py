"""Readability of a picture with texts: nothing is clipped, and no text overlaps another."""


def boxes(ax):
    """Return the pixels that each text covers, and the pixels of the whole figure."""
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in ax.texts if text.get_text()], ax.figure.bbox


def assert_readable(ax):
    """Fail if a text is clipped, or overlaps another text."""
    texts, whole = boxes(ax)
    assert texts
    for number, box in enumerate(texts):
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert whole.y0 <= box.y0
        assert box.y1 <= whole.y1
        assert not any(box.overlaps(other) for other in texts[:number])
