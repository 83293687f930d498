"""What staff see of openings at a glance: sentences, tables, and charts that are drawn here."""
