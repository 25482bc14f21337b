"""What the service keeps: decisions as they were told, in SQLite or PostgreSQL, with a spool for bad hours."""
