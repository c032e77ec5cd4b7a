"""Sound opened, decoded, measured, and made into what can be looked at and listened to, at any length."""
