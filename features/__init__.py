"""What is known of an order: its attributes, the marketplace's rules on it, and how it becomes numbers."""
