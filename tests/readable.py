"""What every picture with words in it must be: nothing clipped, and no text on another."""


def boxes(ax):
    """Return the pixels that each text covers, and the pixels of the whole figure."""
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in ax.texts if text.get_text()], ax.figure.bbox


def assert_readable(ax):
    """Fail if something that is written is clipped, or lies on something else that is written."""
    texts, whole = boxes(ax)
    assert texts
    for number, box in enumerate(texts):
        assert whole.x0 <= box.x0
        assert box.x1 <= whole.x1
        assert whole.y0 <= box.y0
        assert box.y1 <= whole.y1
        assert not any(box.overlaps(other) for other in texts[:number])
