"""The load as the judge sees it: profiles, their plan, the generator as a child, and its samples."""
