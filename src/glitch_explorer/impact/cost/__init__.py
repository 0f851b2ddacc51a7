"""What a family costs the search: range, gates, attribution, ranking."""
