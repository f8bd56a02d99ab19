"""The rules of the table, read once and printed in many languages."""
