"""`python -m hybrid_lsp` is `hybrid-lsp`."""

import sys

from hybrid_lsp.cli import main

sys.exit(main())
