"""report.html: one file that works offline, made from a run's folder alone."""
