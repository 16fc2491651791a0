"""What it costs: the service measured beside its peers, in one run on one machine.

Law: only ratios within a run count. Contestants take turns, round by round; a figure is the median of its rounds; seeds
are fixed; nothing here asserts a time.
"""
