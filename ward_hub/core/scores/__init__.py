"""Early-warning scores: charts as data tables, and one evaluator for all of them.

`inputs` says what a value is and when it is too old, `rows` how one line of a chart gives points,
`chart` adds the lines up and judges the sum. Every other module is a table. Nothing here reads a
clock or guesses a value: `now` is an argument and what is missing stays missing.
"""
