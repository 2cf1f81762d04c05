"""One module per journey: a function that takes a Journey and asks its steps."""
