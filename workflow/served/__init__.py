"""A finished run as it is served: the exported student, the score table, the opened pipeline and engine."""
