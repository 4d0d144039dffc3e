"""The options, each declared once: those of ``format("flume")`` in `source`, those of the receiver
and of the poller in `ingestion`.
"""
