"""Builds the docs as a site that a browser opens from files: make docs.

python -m tools.docs.site [FOLDER]      default: dist/docs
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "dist" / "docs"


def main() -> None:
    """Build the site and say where it is."""
    out = Path(sys.argv[1]).absolute() if sys.argv[1:] else DEFAULT
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").exists():
        sys.exit(f"docs: {out} has other files, which would be deleted; name an empty folder")
    try:
        build(out)
    except subprocess.CalledProcessError:
        sys.exit("docs: Sphinx has warned or failed; see above")
    print(f"docs: {out / 'index.html'}")


def build(out: Path) -> None:
    """Write the site into a folder, which is emptied first. A warning is an error."""
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        options = ["-c", "tools/docs", "-d", work, "-q", "-W", "--keep-going"]
        subprocess.run(
            [sys.executable, "-m", "sphinx", *options, ".", str(out)], cwd=ROOT, check=True
        )


if __name__ == "__main__":
    main()
