"""Produces: the sample services and the kit they share."""
