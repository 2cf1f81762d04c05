"""Activity calls no other service; the keys of tokens are the kit's matter."""
