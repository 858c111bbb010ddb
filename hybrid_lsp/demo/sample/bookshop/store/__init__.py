"""What the shop remembers. One module for each table, and nothing but SQL in it."""
