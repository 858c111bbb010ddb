"""`python -m bookshop` runs the command line."""

import sys

from bookshop.cli import main

sys.exit(main())
