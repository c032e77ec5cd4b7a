"""What people do with utterances: edits, who is there, who does what, how far they agree, and the way out again."""
