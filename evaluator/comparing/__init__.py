"""Several systems on the same utterances: how sure differences are, where they come from, and a gate for builds."""
