"""Where the lab's files are: confs, programs, generator, Flume's runtime, Compose files.

In a checkout they are its folders. In the wheel they are in `lab/` of this package, in the same
places (wheel_files.py of the checkout puts them there). `flumelab eject` copies that folder to one
that the user may change. So a path below the root is the same for all three.
"""

import os
import shutil
from pathlib import Path

from flumelab.errors import LabError

_SOURCES = Path(__file__).parents[2]
_IN_WHEEL = Path(__file__).parent / "lab"


def root() -> Path:
    """Return the folder of the lab's files; raises `LabError` where there is none.

    It is that of `LAB_ROOT` or `LAB_CHECKOUT`, the checkout of this package, the checkout or the
    ejected folder around the current folder, or that of the wheel.
    """
    if is_image():
        return Path(os.environ["LAB_ROOT"])
    if own := os.environ.get("LAB_CHECKOUT"):  # a learner's, in a class
        return Path(own).absolute()
    here = Path.cwd()
    for folder in (_SOURCES, here, *here.parents, _IN_WHEEL):
        if _is_root(folder):
            return folder
    raise LabError(f"{here} is not in a checkout of the lab; change to one")


def is_image() -> bool:
    """Whether this is one of the lab's containers, in which everything is built."""
    return "LAB_ROOT" in os.environ


def is_installed() -> bool:
    """Whether this package comes from a wheel, with everything that the local runtime needs."""
    return _IN_WHEEL.is_dir()


def require_own(root: Path) -> None:
    """Raise `LabError` where the user cannot edit the files: those of the wheel."""
    if root == _IN_WHEEL:
        raise LabError(
            "here you would edit files of the installed package; run flumelab eject lab, change to "
            "the new folder lab, and try again"
        )


def state(root: Path) -> Path:
    """Return the folder that the lab writes to by default."""
    if root != _IN_WHEEL:
        return root / ".lab"
    import platformdirs  # only here, as most commands run in a checkout

    return platformdirs.user_state_path("flumelab", appauthor=False)


def eject(folder: Path) -> None:
    """Copy the wheel's files to a folder, which must be new or empty; raises `LabError`."""
    if not is_installed():
        raise LabError(f"{_SOURCES} is a checkout, so the files are there; change them there")
    if os.path.lexists(folder) and not folder.is_dir():
        raise LabError(f"{folder} is a file; name a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise LabError(f"{folder} is not empty; name a new folder")
    try:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_IN_WHEEL, folder, dirs_exist_ok=True, ignore=skipped)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)  # half of the files would look like a lab
        # copytree goes on after an error, and then names all of them.
        fact = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
        raise LabError(f"{folder} cannot be written: {fact}; name another folder") from None


def _is_root(folder: Path) -> bool:
    return (folder / "compose.yaml").exists() and (folder / "flume-conf").is_dir()
