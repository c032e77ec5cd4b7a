"""Work asked for and done in the background: the job table, the worker process, and who watches over it."""
