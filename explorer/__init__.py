"""Explorer: everything the manifest and the audio alone can answer."""
