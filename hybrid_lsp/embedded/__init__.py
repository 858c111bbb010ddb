"""The model that we ship: statistics over the user's own files, in pure Python, with nothing to download."""
