"""Ends at once, and counts how often it was begun."""

import os

with open(os.environ["BOOTS"], "a") as boots:
    boots.write("x")
os._exit(1)
