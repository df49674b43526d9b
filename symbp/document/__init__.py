"""From a derivation to a document to read: composed as data, then set in LaTeX. Start at `document.compose`."""
