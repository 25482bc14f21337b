"""What is inferred: probability, reasons, and the artefact that carries them."""
