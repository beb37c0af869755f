"""What a program says and how it ends: tables, figures, foreign text, JSON, exit statuses, one line for a defect.

Imports the rest of `sensors`; rich is imported where something is drawn."""
