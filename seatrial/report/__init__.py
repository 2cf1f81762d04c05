"""What a run tells: events while it goes on, and the verdict's documents when it has ended."""
