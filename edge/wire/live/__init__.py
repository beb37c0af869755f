"""What is said only while somebody looks, and booked by nobody.

Imports the wire's other messages."""
