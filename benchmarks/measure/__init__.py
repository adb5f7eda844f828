"""What identity resolution costs, beside peers and beside what the engine itself cannot go below.

    settings    what is asked for: size, threads, memory, repeats, folders
    project     a copy of the project that renders its statements and builds its links
    given       what contestants are given: links, records and truth in one DuckDB file
    job         one contestant on one file, in a process of its own (`child` is that process)
    contestants ours, the peers and the lower bounds
    answers     whether contestants agree, and how near the truth they are
    peers       the part of a run that compares them; growth: what size and shape do to the cost
    results     JSON, Markdown and chart of a size; each part of a run is a section there

A further part is a module with PART in parts.py: it measures, and it lays out what it measured.
"""
