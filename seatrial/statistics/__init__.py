"""Pure arithmetic on samples: exact percentiles, intervals by block bootstrap, and the rule that decides."""
