"""The work of the stages, from encoder to student; `workflow/pipeline.py` puts it in order."""
