"""Whom we ask: models on this machine, one file each."""
