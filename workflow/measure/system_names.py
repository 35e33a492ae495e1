"""What the systems of a run are called, in its files and its report."""

TEACHER = "teacher"
STUDENT = "student"
WITHOUT = "student without augmentation"
BLENDED = "student, blended"
"""The student blended with the first stage: what a run serves."""
SHORTLISTED = "student, blended, shortlist"
"""The same with a shortlist (`measure.shortlist`)."""
