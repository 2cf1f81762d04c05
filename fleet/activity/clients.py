"""Activity calls no other service but users, for the keys of tokens; the kit does that."""
