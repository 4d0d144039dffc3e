"""`flumelab top`: the live page's numbers in a terminal, a row for each hop, and keys to act.

Sampler (of the page) ──state──▶ Rows ──┬─▶ screen (with keys)
                                        ├─▶ plain lines, where the output is a file
                                        └─▶ JSON, as /api/v1/state sends it
"""
