"""Writes docs/reference/ from what the code itself reads: the commands, the models of files, the schema, the contract.

A test compares the committed pages with these, so a page is either true or red.
"""
