"""A run folder for other programs: tables with columns that stay, and the layouts of data sets and of their devkits.

May import what runs, scoring and datasets hold; knows no comparison and no page.
"""
