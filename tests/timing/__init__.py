"""Whether the time that a verification takes says anything about keys: the method of dudect, in this process.

Two classes of inputs that must not differ are verified in turns of random order, and Welch's t says how surely their
times have different means; what the machine did besides is cut away at several percentiles. Decision 82 has the figures
and says what may differ. `make timing` measures; `make test` counts work instead, which no busy machine changes.
"""
