"""Who asks us: one room for each way in."""
