"""cnn_exercises: the checks behind the exercises. They say what is wrong with an answer, and never what the answer is.

Rooms       one a chapter: chapter_09 and so on; verdict is how they all speak, single is what several of them compute.
Unanswered  an exercise whose answer is None prints "not answered yet", so that a notebook runs from top to bottom.
Answers     worked ones stand in notebooks/answers/.
"""
