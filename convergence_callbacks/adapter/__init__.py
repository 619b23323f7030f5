"""What the integrations have in common; nothing here knows a framework."""
