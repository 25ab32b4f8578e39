"""The outage drill: two outages of the gateway API, one that passes and one that needs a person, told as a story.

plan      the requests, the outages that meet them, what is expected, the function's pace
course    what one request goes through, and how that differs from what is expected
ground    the cloud that the drill is held on
screen    how the story looks
acts      the story itself, act by act
holding   all of it together, and the exit code
"""
