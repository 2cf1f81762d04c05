"""A first project for services that exist: looked at, then written down as seatrial.yml, its files and a first load.

Everything here is a function of what was seen; `looking` alone speaks to services and `writing` alone writes files.
"""
