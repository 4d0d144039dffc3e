"""``python -m flumelab``."""

from flumelab.cli import main

if __name__ == "__main__":
    main()
