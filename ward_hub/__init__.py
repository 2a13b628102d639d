"""Ward hub: bedside monitors to the nurses' screen and, as far as the patient agreed, to relatives.

It supplements bedside monitors and the people at the bedside. It is not a certified medical device
and must never be the only source of an alarm.
"""

__version__ = "0.1.0"
