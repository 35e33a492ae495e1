"""Where do more labels come from? Mining unlabelled pairs, the leak guard, selection, and the label journal.

Must not know: serving.
"""
