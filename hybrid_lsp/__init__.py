"""Ghost text from your own machine, and cloud models on a budget, behind one language server."""

__version__ = "0.1.0"
