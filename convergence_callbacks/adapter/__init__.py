"""What the doors to the frameworks have in common; nothing here knows a framework."""
