"""The stages' names and titles, in order, for whoever must not wait for torch: --help, say."""

STAGE_TITLES = {
    "prepare": "read the data",
    "encoder": "make the bi-encoder ready",
    "index": "encode the catalogue, build the indexes",
    "pretrain": "learn the first stage's order",
    "pretrain-student": "the student's start learns it, too",
    "teacher": "train the teacher",
    "mine": "mine unlabelled pairs",
    "label": "label the pairs",
    "student": "train the student",
    "measure": "measure everything",
}


def round_stage(number: int) -> str:
    """The name of the stage that makes round `number` (from 2); round 1 is the stages mine and label."""
    return f"round-{number}"
