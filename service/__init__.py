"""What is told and kept: API, batch, advice, command line, page."""
