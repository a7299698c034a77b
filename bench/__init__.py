"""How long the pages take: measured as ratios within one run, written to docs/performance.md."""
