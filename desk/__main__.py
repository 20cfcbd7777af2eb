"""`python -m desk` starts the desk; `python -m desk login [NAME]` prints a new login link."""

import sys

from desk.app import main

if __name__ == "__main__":
    sys.exit(main())
