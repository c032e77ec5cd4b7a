"""What is asked of a table: the address, filters and their language, orders, and the SQL and sentences made of them."""
