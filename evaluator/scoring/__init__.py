"""What systems got right and wrong: the one aligner, its counts, rates of them, and columns beside a corpus."""
