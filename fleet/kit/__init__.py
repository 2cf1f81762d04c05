"""What every service shares, one concern per module; it knows no service."""
