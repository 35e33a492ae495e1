"""What a finished run is worth: compared with another, more labels, later data, and what a live path answers."""
