"""From a derivation to a document to read: composed as data (`compose`), then written in a format, a folder each."""
