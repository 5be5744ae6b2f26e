"""Who is asking: one file per audience, over the guards in access.py."""
