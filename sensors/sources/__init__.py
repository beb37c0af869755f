"""Where frames come from: folders, videos, live cameras, and the pictures and films in them.

Imports the rest of `sensors`; registered as entry points under `gilmok.sources`."""
