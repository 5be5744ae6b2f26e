"""The demo catalogue and its people."""
