"""How good is a ranking? Measures, intervals and tests over runs and qrels.

Must not know: torch, the models, the server. The two things that every layer needs stand here too, at the bottom:
the errors users see (`eval.errors`) and files that are never half-written (`eval.files`).
"""
