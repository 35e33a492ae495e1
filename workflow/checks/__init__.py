"""What can be known before any hour is spent: machine, data, models, hours and costs. Start with `doctor.py`."""
