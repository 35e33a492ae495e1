"""How do users reach it? What a user sees of a ranking.

Must not know: augment.
"""
