"""Optional packages: imported when a function needs them, with a clear error where they are missing."""

import importlib


def imported(*names):
    """Return modules of packages that need not be installed; one that is missing is an ImportError with the cure."""
    try:
        return [importlib.import_module(name) for name in names]
    except ModuleNotFoundError as error:
        package = names[0].partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            raise  # something that the package itself needs
        raise ImportError(f"{package} is not installed. To install it: pip install {package}") from error
