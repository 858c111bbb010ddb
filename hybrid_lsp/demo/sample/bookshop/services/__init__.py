"""What the shop decides. Rules live here; SQL does not."""
