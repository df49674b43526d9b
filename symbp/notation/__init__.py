"""Text to Network and back. The text is parsed with `ast` and elaborated by rules; nothing of it is ever run."""
