"""Checks of the answers to the exercises: each prints the mistake that it finds, and never the solution.

The module chapter_NN holds the checks of one chapter; all checks use feedback. An exercise whose answer is still None
prints "Not answered yet.", so that a notebook runs from top to bottom. notebooks/answers/ holds worked answers.
"""
